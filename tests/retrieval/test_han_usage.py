from pathlib import Path

import pytest

from rag_support.retrieval.han_usage import HanUsage

TEXTS = [
    ("ja", "返品の料金は無料です。配送状況"),
    ("zh", "请在取件时出示。返品"),
    ("zh-Hant", "請於取貨時出示"),
    ("en", "A 見本 in English"),
]


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


def test_texts_of_one_language_alone_say_nothing_of_the_other(tmp_path: Path) -> None:
    HanUsage.build([("ja", "返品")]).save(tmp_path / "han")
    assert HanUsage.load(tmp_path / "han").writers("返品") == ["ja"]
