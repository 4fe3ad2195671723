import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_support.retrieval.han_usage import HanUsage

TEXTS = [
    ("ja", "返品の料金は無料です。配送状況"),
    ("zh", "请在取件时出示。返品"),
    ("zh-Hant", "請於取貨時出示"),
    ("en", "A 見本 in English"),
]


HAN = re.compile("[々〆〇\u3400-\u4dbf\u4e00-\u9fff]")
TEXT = st.text(st.sampled_from("返品料金\u3400\u4dbf\u4e00\u9fff々〆〇のa\n\U00020000\u3004"), max_size=6)


@pytest.fixture(scope="module")
def usage(tmp_path_factory: pytest.TempPathFactory) -> HanUsage:
    """Built, saved, loaded."""
    folder = tmp_path_factory.mktemp("usage") / "han"
    HanUsage.build(TEXTS).save(folder)
    return HanUsage.load(folder)


@pytest.mark.parametrize(
    ("text", "languages"),
    [("料金", ["ja"]), ("取件", ["zh"]), ("取貨", ["zh"]), ("返品", ["ja", "zh"]), ("配送状況", ["ja"]),
     ("配送料金", []), ("見本", []), ("料", []), ("", []), ("fee", [])],
)  # fmt: skip
def test_a_language_writes_what_its_texts_hold_pair_by_pair(usage: HanUsage, text: str, languages: list[str]) -> None:
    assert usage.writers(text) == languages


@given(st.lists(st.tuples(st.sampled_from(["ja", "zh", "zh-Hant", "en"]), TEXT)), TEXT)
def test_it_is_what_looking_pair_by_pair_finds(texts: list[tuple[str, str]], asked: str) -> None:
    def pairs(text: str) -> set[tuple[str, str]]:
        return {pair for pair in pairwise(text) if all(HAN.fullmatch(character) for character in pair)}

    written = {"ja": set[tuple[str, str]](), "zh": set[tuple[str, str]]()}
    for tag, text in texts:
        written.get(tag[:2], set()).update(pairs(text))
    expected = [language for language, of_language in written.items() if pairs(asked) and pairs(asked) <= of_language]
    assert HanUsage.build(texts).writers(asked) == expected


def test_many_texts_are_looked_through_as_few_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag_support.retrieval.han_usage._TOGETHER_CHARS", 3)
    usage = HanUsage.build(TEXTS)
    assert [usage.writers(text) for text in ("料金", "取件", "返品", "品的")] == [["ja"], ["zh"], ["ja", "zh"], []]


def test_texts_of_one_language_alone_say_nothing_of_the_other(tmp_path: Path) -> None:
    HanUsage.build([("ja", "返品")]).save(tmp_path / "han")
    assert HanUsage.load(tmp_path / "han").writers("返品") == ["ja"]
