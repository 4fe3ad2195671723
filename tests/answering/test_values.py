import pytest

from rag_support.answering.values import values


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("電話番号は0120-999-373です。", {"telephone": ("0120-999-373",)}),
        (
            "海外からは011-330-3000、国内は０１２０－９９９－３７３です。",
            {"telephone": ("011-330-3000", "0120-999-373")},
        ),
        ("満足度は92.5%、他社は８６％です。", {"percentage": ("92.5%", "86%")}),
        ("Mail comes from @amazon.co.jp or amazon.com.", {"domain": ("@amazon.co.jp", "amazon.com")}),
        ("受付は6:00〜24:00です。", {"hours": ("6:00~24:00",)}),
        ("電話は24時間です。チャットも24時間です。", {"hours": ("24時間",)}),
        ("2024年12月1日に1,234件ありました。", {}),
        ("注文番号は250-1234567-1234567です。", {}),
        ("", {}),
    ],
)
def test_values_of_a_text_by_kind_in_order_each_once(text: str, found: dict[str, tuple[str, ...]]) -> None:
    assert dict(values(text)) == found


@pytest.mark.parametrize(
    "written", ["6:00〜24:00", "6:00～24:00", "6:00-24:00", "6:00–24:00", "６：００〜２４：００", "6:00—24:00"]
)
def test_hours_are_one_value_however_they_are_written(written: str) -> None:
    assert values(f"受付は{written}です。") == values("受付は6:00〜24:00です。")


def test_case_and_width_of_a_domain_do_not_matter() -> None:
    assert values("ＡＭＡＺＯＮ.co.jp")["domain"] == values("Amazon.CO.JP")["domain"] == ("amazon.co.jp",)


@pytest.mark.parametrize("text", ["24時間", "24小时", "24 hours", "24-hour"])
def test_round_the_clock_is_hours_in_every_language(text: str) -> None:
    assert set(values(text)) == {"hours"}


def test_what_is_shared_between_callers_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        values("24時間")["hours"] = ()  # type: ignore[index]
