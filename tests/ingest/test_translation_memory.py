from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_parts import entry, write_catalog

from rag_support.errors import TranslationMemoryError
from rag_support.ingest.chunking import chunk_document
from rag_support.ingest.readers import read_document
from rag_support.ingest.translation_memory import (
    Place,
    TranslationMemory,
    catalog_path,
    coverage,
    segments_of,
    update_catalog,
)

HOURS, RETURNS, RATE = "電話の受付時間は24時間です。", "返品は30日以内に受け付けます。", "満足度は92%です。"
ENGLISH = {HOURS: "Phone hours are 24 hours.", RETURNS: "Returns within 30 days.", RATE: "Satisfaction is 92% strong."}


def segments(*texts: str) -> dict[str, list[Place]]:
    return {text: [Place("a.md", line)] for line, text in enumerate(texts, start=1)}


def served(corpus: Path, *texts: str) -> list[str | None]:
    memory = TranslationMemory.load(corpus)
    return [memory.translate(text, "en") for text in texts]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A folder with a reviewed English catalogue of three segments."""
    write_catalog(tmp_path, "en", "".join(entry(*pair) for pair in ENGLISH.items()))
    return tmp_path


def test_reviewed_translations_are_served_in_their_language_only(corpus: Path) -> None:
    memory = TranslationMemory.load(corpus)
    assert [memory.translate(text, "en") for text in ENGLISH] == list(ENGLISH.values())
    assert memory.translate(HOURS, "zh") is None
    assert memory.translate(HOURS + "はい。", "en") is None


def test_fuzzy_missing_and_obsolete_entries_are_never_served(tmp_path: Path) -> None:
    obsolete = "".join(f"#~ {line}\n" for line in entry(RATE, "Satisfaction is 92%.").strip().split("\n"))
    write_catalog(tmp_path, "en", entry(HOURS, "All day.", "fuzzy") + entry(RETURNS, "") + obsolete)
    assert served(tmp_path, HOURS, RETURNS, RATE, "") == [None] * 4


def test_a_corpus_without_catalogues_has_an_empty_memory(tmp_path: Path) -> None:
    assert served(tmp_path, HOURS) == [None]


def test_update_adds_new_segments_with_their_places_and_no_translation(corpus: Path) -> None:
    update_catalog(corpus, "en", segments(*ENGLISH, "領収書"))
    assert served(corpus, *ENGLISH) == list(ENGLISH.values())
    found = coverage(corpus, "en", segments(*ENGLISH, "領収書"))
    assert (found.segments, found.reviewed, found.missing, found.fuzzy, found.obsolete) == (4, 3, ("領収書",), (), 0)
    assert not found.complete
    assert '#: a.md:4\nmsgid "領収書"\n' in catalog_path(corpus, "en").read_text(encoding="utf-8")


def test_update_makes_a_changed_source_a_fuzzy_proposal(corpus: Path) -> None:
    changed = HOURS.replace("24時間", "9時から18時まで")
    update_catalog(corpus, "en", segments(changed, RETURNS, RATE))
    assert served(corpus, changed, HOURS, RETURNS) == [None, None, ENGLISH[RETURNS]]
    found = coverage(corpus, "en", segments(changed, RETURNS, RATE))
    assert found.fuzzy == (changed,)
    assert (found.reviewed, found.complete) == (2, False)
    written = catalog_path(corpus, "en").read_text(encoding="utf-8")
    assert f'#| msgid "{HOURS}"' in written, "the translator is shown what the source was"
    assert f'msgid "{changed}"\nmsgstr "{ENGLISH[HOURS]}"' in written


def test_a_removed_segment_is_obsolete_and_returns_reviewed_when_the_text_returns(corpus: Path) -> None:
    update_catalog(corpus, "en", segments(HOURS))
    assert served(corpus, HOURS, RETURNS, RATE) == [ENGLISH[HOURS], None, None]
    assert coverage(corpus, "en", segments(HOURS)).obsolete == 2
    update_catalog(corpus, "en", segments(HOURS))  # a second run forgets nothing
    update_catalog(corpus, "en", segments(RATE, HOURS))
    assert served(corpus, HOURS, RETURNS, RATE) == [ENGLISH[HOURS], None, ENGLISH[RATE]]
    assert coverage(corpus, "en", segments(RATE, HOURS)).obsolete == 1


def test_a_fuzzy_proposal_that_was_removed_returns_fuzzy(tmp_path: Path) -> None:
    write_catalog(tmp_path, "en", entry(HOURS, "All day.", "fuzzy") + entry(RETURNS, "Within 30 days."))
    update_catalog(tmp_path, "en", segments(RETURNS))
    update_catalog(tmp_path, "en", segments(RETURNS))
    update_catalog(tmp_path, "en", segments(RETURNS, HOURS))
    assert served(tmp_path, HOURS) == [None]
    assert coverage(tmp_path, "en", segments(RETURNS, HOURS)).fuzzy == (HOURS,)


def test_update_is_stable(corpus: Path) -> None:
    def entries() -> str:
        return catalog_path(corpus, "en").read_text(encoding="utf-8").split("\n\n", 1)[1]

    update_catalog(corpus, "en", segments(HOURS, "領収書", RATE))
    once = entries()
    update_catalog(corpus, "en", segments(HOURS, "領収書", RATE))
    assert entries() == once


def test_a_percentage_is_no_format_string(corpus: Path) -> None:
    update_catalog(corpus, "en", segments(*ENGLISH))
    assert "format" not in catalog_path(corpus, "en").read_text(encoding="utf-8")
    assert served(corpus, RATE) == [ENGLISH[RATE]]


def test_update_writes_the_catalogue_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    update_catalog(tmp_path, "zh", segments(HOURS))
    assert [path.name for path in (tmp_path / "translations").iterdir()] == ["zh.po"]
    assert coverage(tmp_path, "zh", segments(HOURS)).missing == (HOURS,)


TEXTS = st.lists(
    st.text('電話返品は。%"\\n {}Aé\u3000', min_size=1, max_size=12).map(str.strip).filter(bool), unique=True
)


@given(kept=TEXTS, removed=TEXTS)
def test_no_translation_is_lost_by_removing_segments_and_bringing_them_back(
    tmp_path_factory: pytest.TempPathFactory, kept: Sequence[str], removed: Sequence[str]
) -> None:
    corpus = tmp_path_factory.mktemp("corpus")
    english = {text: f"“{text}” in English" for text in (*kept, *removed)}
    write_catalog(corpus, "en", "".join(entry(*pair) for pair in english.items()))
    update_catalog(corpus, "en", segments(*kept))
    assert served(corpus, *kept) == [english[text] for text in kept]
    update_catalog(corpus, "en", segments(*english))
    assert served(corpus, *english) == list(english.values())


@pytest.mark.parametrize(
    "content",
    [
        b'msgid "\xff\xfe"\nmsgstr "a"\n',
        b"not a catalogue",
        b'msgid "a"\nmsgstr "b"\nmsgid "c"\n',
        b'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=klingon\\n"\n\nmsgid "a"\nmsgstr "b"\n',
        b'msgid ""\nmsgstr ""\n"PO-Revision-Date: yesterday\\n"\n',
    ],
)
def test_a_catalogue_that_cannot_be_read_is_named_with_its_mend(tmp_path: Path, content: bytes) -> None:
    path = write_catalog(tmp_path, "zh", "")
    path.write_bytes(content)
    with pytest.raises(TranslationMemoryError, match="restore it from git") as caught:
        TranslationMemory.load(tmp_path)
    assert str(path) in str(caught.value)


MARKDOWN = """\
# 電話

電話は
24時間です。返品は電話で受け付けます。

|  | 電話 | 備考 |
| --- | --- | --- |
| 時間 | 24時間 |  |
| 料金 | 無料 | 電話 |
"""


def test_segments_are_distinct_with_all_their_places(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(MARKDOWN, encoding="utf-8")
    found = segments_of([read_document(tmp_path / "a.md", "a.md")])
    assert set(found) == {
        "電話",
        "電話は 24時間です。",
        "返品は電話で受け付けます。",
        "備考",
        "時間",
        "24時間",
        "料金",
        "無料",
    }
    assert found["電話"] == [Place("a.md", 1), Place("a.md", 6), Place("a.md", 9)]
    assert found["電話は 24時間です。"] == [Place("a.md", 3)]


def test_documents_in_other_languages_are_not_translated(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# Phone\n\nThe phone is open all day.\n", encoding="utf-8")
    assert segments_of([read_document(tmp_path / "a.md", "a.md")]) == {}


LINES = st.lists(
    st.sampled_from(
        [
            "# 電話",
            "## 返品できますか？",
            "返品は30日\n以内です。本は？14日です。",
            "- 本です。家電です。",
            "1. 送ります。",
            "",
            "|  | 電話 | 備考 |\n| --- | --- | --- |\n| 時間 | 24時間 |  |\n|  | 無料 | 注 |",
            "> 注意：例外です。",
        ]
    ),
    max_size=12,
).map("\n\n".join)


@given(LINES)
def test_when_every_segment_is_reviewed_every_span_reads_in_every_language(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    corpus = tmp_path_factory.mktemp("corpus")
    (corpus / "a.md").write_text(f"# ご案内です\n\n{text}\n", encoding="utf-8")
    documents = [read_document(corpus / "a.md", "a.md")]
    found = segments_of(documents)
    for language in ("en", "zh"):
        write_catalog(corpus, language, "".join(entry(source, f"<{language} {source}>") for source in found))
        update_catalog(corpus, language, found)
        assert coverage(corpus, language, found).complete
    memory = TranslationMemory.load(corpus)
    for document in documents:
        for chunk in chunk_document(document, memory.translate):
            for span in chunk.spans:
                assert set(span.texts) == {"ja", "en", "zh"}
                assert "<en" in span.texts["en"]


def test_a_string_that_is_not_closed_is_reported_and_no_entry_is_lost_in_silence(corpus: Path) -> None:
    path = catalog_path(corpus, "en")
    path.write_text(path.read_text(encoding="utf-8") + '\nmsgid "開いたまま\nmsgstr "open"\n', encoding="utf-8")
    with pytest.raises(TranslationMemoryError, match=r"en\.po.*line \d+"):
        TranslationMemory.load(corpus)
