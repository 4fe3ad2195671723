from pathlib import Path

import pytest

from rag_support.answering.cues import polarity_of
from rag_support.ingest.readers import read_corpus
from rag_support.ingest.translation_memory import TARGET_LANGUAGES, TranslationMemory, segments_of

CORPUS = Path(__file__).parents[2] / "corpus"


@pytest.mark.parametrize(
    ("text", "language", "negations"),
    [
        ("キャンセルできません。", "ja", 1), ("リンクは開かず、返信しないでください。", "ja", 2),
        ("対象外です。", "ja", 1), ("遅れるかもしれません。少なくなります。", "ja", 0),
        ("見覚えのない注文", "ja", 0), ("問題がなくなる", "ja", 0),
        ("You cannot cancel.", "en", 1), ("Don't open it, and never reply.", "en", 2), ("No. 5 is open.", "en", 0),
        ("不能取消，也不要回复。", "zh", 2), ("没有记载，无法确认。", "zh", 2),
        ("不同的服务非常好，能不能取消？", "zh", 0), ("沒有記載，無法確認。", "zh-Hant", 2), ("kein Wort", "de", 0),
    ],
)  # fmt: skip
def test_negations_are_counted(text: str, language: str, negations: int) -> None:
    assert polarity_of(text, language).negations == negations


@pytest.mark.parametrize(
    ("one", "other"),
    [("30日以内", "30日以上"), ("免费", "收费"), ("before you call", "after you call"), ("国内の方", "users abroad"),
     ("すべての注文", "一部の注文"), ("genuine emails", "假邮件"), ("簡単です", "it is difficult")],
)  # fmt: skip
def test_opposites_are_told_within_a_language_and_across(one: str, other: str) -> None:
    assert polarity_of(one, "ja").opposes(polarity_of(other, "en"))
    assert not polarity_of(one, "ja").opposes(polarity_of(one, "ja"))


def test_saying_both_sides_opposes_neither() -> None:
    both = polarity_of("国内と海外", "ja")
    assert not both.opposes(polarity_of("海外", "ja"))
    assert not polarity_of("国内", "ja").opposes(both)


@pytest.mark.parametrize("language", TARGET_LANGUAGES)
def test_a_reviewed_translation_denies_as_often_as_its_source_but_for_a_few(language: str) -> None:
    """What the cues are for: over the shipped corpus they agree between languages in 19 of 20 segments."""
    memory = TranslationMemory.load(CORPUS)
    pairs = [
        (segment, translation)
        for segment in segments_of(read_corpus(CORPUS).documents)
        if (translation := memory.translate(segment, language))
    ]
    differing = [
        pair for pair in pairs if polarity_of(pair[0], "ja").negations != polarity_of(pair[1], language).negations
    ]
    assert len(pairs) > 1_000
    assert len(differing) <= 0.05 * len(pairs)
