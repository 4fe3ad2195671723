import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_support.sentences import split_sentences


def sentences(text: str) -> list[str]:
    return [text[segment.start : segment.end] for segment in split_sentences(text, 0, len(text))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("一文目。二文目！三文目？", ["一文目。", "二文目！", "三文目？"]),
        ("本当ですか！？はい。", ["本当ですか！？", "はい。"]),
        ("終わりがない文", ["終わりがない文"]),
        ("一文が\n二行にわたる。次。", ["一文が\n二行にわたる。", "次。"]),
        ("「いつ届きますか？」と聞きます。", ["「いつ届きますか？」と聞きます。"]),
        ("「いつ？」「どこで？」「なぜ？」", ["「いつ？」", "「どこで？」", "「なぜ？」"]),
        ("使えます（土日は除く。）。次へ。", ["使えます（土日は除く。）。", "次へ。"]),
        ("使えます。（土日は除く。）次へ。", ["使えます。", "（土日は除く。）", "次へ。"]),
        ("できます。」と書く。", ["できます。」", "と書く。"]),
        ("人口は10.5万人です。次。", ["人口は10.5万人です。", "次。"]),
        ("1949年に制定された。[1]その後改正された。", ["1949年に制定された。[1]", "その後改正された。"]),
        ("Yahoo!ニュースを見る。", ["Yahoo!ニュースを見る。"]),
        ("https://a.example/?q=1 を開きます。", ["https://a.example/?q=1 を開きます。"]),
        ("簡単です.次へ進みます.", ["簡単です.", "次へ進みます."]),
        ("約１．５倍です。", ["約１．５倍です。"]),
        ("It works. Try it now! Really?", ["It works.", "Try it now!", "Really?"]),
        ("Dr. Smith paid $3.50 to Acme Inc. in May. Then he left.", None),
        ("See No. 5 and fig. 2, e.g. the U.S. Mail page. Done.", None),
        ("We open at 9 a.m. Closing is at 5 p.m. every day.", ["We open at 9 a.m.", "Closing is at 5 p.m. every day."]),
        ("1. Open the page.", ["1. Open the page."]),
        ('He said "Stop." She did.', ['He said "Stop."', "She did."]),
        ("", []),
        (" \n　", []),
    ],
)
def test_sentences_of(text: str, expected: list[str] | None) -> None:
    if expected is None:  # two sentences, the last one short
        head, _, tail = text.rstrip(".").rpartition(". ")
        expected = [head + ".", tail + "."]
    assert sentences(text) == expected


def test_a_bracket_that_never_closes_does_not_swallow_the_text() -> None:
    assert sentences("注（一。二。三。") == ["注（一。", "二。", "三。"]


def test_a_long_quotation_is_split_like_running_text() -> None:
    speech = "「" + "とても長い話です。" * 40 + "」と述べた。"
    assert len(sentences(speech)) == 40 + 1


@given(st.text(alphabet="あ漢aZ1 。．.！!？?「」（）()[]\n　、\"'", max_size=200))
def test_sentences_hold_everything_but_white_space(text: str) -> None:
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())
    end = 0
    for segment in split_sentences(text, 0, len(text)):
        assert end <= segment.start < segment.end
        assert text[segment.start : segment.end] == text[segment.start : segment.end].strip()
        end = segment.end
