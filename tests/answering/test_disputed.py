import pytest

from rag_support.answering.disputed import ALL_DAY, disputed_values


def shown(text: str) -> dict[str, list[str]]:
    return {topic: list(by_form.values()) for topic, by_form in disputed_values(text).items()}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("電話番号は0120-999-373です。", {"telephone": ["0120-999-373"]}),
        (
            "海外からは011-330-3000、国内は０１２０－９９９－３７３です。",
            {"telephone": ["011-330-3000", "0120-999-373"]},
        ),
        ("満足度は92.5%、他社は８６％です。", {"percentage": ["92.5%", "86%"]}),
        ("Mail comes from @amazon.co.jp or help@amazon.com.", {"domain": ["amazon.com", "amazon.co.jp"]}),
        ("受付は6:00〜24:00です。", {"hours": ["6:00~24:00"]}),
        ("電話は24時間です。チャットも24時間です。", {"hours": [ALL_DAY]}),
        ("受付は17時までです。", {"hours": ["17:00"]}),
        ("2024年12月1日に1,234件ありました。", {}),
        ("注文番号は250-1234567-1234567です。", {}),
        ("送料は500円、返品は30日以内です。", {}),
        ("", {}),
    ],
)
def test_values_of_a_text_by_topic_each_once(text: str, found: dict[str, list[str]]) -> None:
    assert shown(text) == found


@pytest.mark.parametrize(
    "written",
    ["6:00〜24:00", "6:00～24:00", "6:00-24:00", "６：００〜２４：００", "6:00—24:00", "午前6時から24時"],
)  # fmt: skip
def test_hours_are_one_value_however_they_are_written(written: str) -> None:
    assert disputed_values(f"受付は{written}です。") == disputed_values("受付は6:00〜24:00です。")


@pytest.mark.parametrize("written", ["+81-120-999-373", "0120（999）373", "０１２０-999-373"])
def test_a_telephone_number_is_one_value_and_shown_as_it_stands(written: str) -> None:
    assert set(disputed_values(f"番号は{written}です。")["telephone"]) == {"0120999373"}


def test_case_and_width_of_a_domain_do_not_matter() -> None:
    assert disputed_values("ＡＭＡＺＯＮ.co.jp") == disputed_values("Amazon.CO.JP")
    assert shown("Amazon.CO.JP") == {"domain": ["amazon.co.jp"]}


@pytest.mark.parametrize("text", ["24時間", "二十四時間", "24小时", "24 hours", "24-hour", "24/7", "around the clock"])
def test_round_the_clock_is_hours_in_every_language(text: str) -> None:
    assert shown(text) == {"hours": [ALL_DAY]}


def test_what_is_shared_between_callers_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        disputed_values("24時間")["hours"] = {}  # type: ignore[index]
