"""A build takes over what has not changed, and gives what a build from nothing gives."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from small_parts import DOCUMENTS, TRANSLATIONS, write_catalog, write_corpus

from rag_support import snapshot
from rag_support.embedding import StaticEmbedder
from rag_support.ingest import build, sources
from rag_support.ingest.build import build_index
from rag_support.snapshot import MadeBy
from rag_support.types import Document, FloatMatrix

GLOSSARY = "ja\ten\tzh-Hans\tzh-Hant\n返品\treturn\t退货\t退貨\n"
PLANTED = "# 注意\n\n<script>alert(1)</script> を含む文章です。\n"


class Work:
    """An embedder that remembers which texts were embedded or cut into tokens; with the documents that were chunked,
    that is all the work of a build that takes long.
    """

    def __init__(self, embedder: StaticEmbedder) -> None:
        self._embedder = embedder
        self.model_id, self.dimensions = embedder.model_id, embedder.dimensions
        self.embedded: list[str] = []
        self.cut: list[str] = []
        self.chunked: list[str] = []

    def embed_queries(self, texts: Sequence[str]) -> FloatMatrix:
        return self._embedder.embed_queries(texts)

    def embed_passages(self, texts: Sequence[str]) -> FloatMatrix:
        self.embedded.extend(texts)
        return self._embedder.embed_passages(texts)

    def token_ids(self, texts: Sequence[str]) -> list[list[int]]:
        self.cut.extend(texts)
        return self._embedder.token_ids(texts)

    def token_vectors(self, token_ids: Sequence[int]) -> FloatMatrix:
        return self._embedder.token_vectors(token_ids)

    def clear(self) -> None:
        for done in (self.embedded, self.cut, self.chunked):
            done.clear()


@pytest.fixture
def work(small_embedder: StaticEmbedder, monkeypatch: pytest.MonkeyPatch) -> Work:
    counted = Work(small_embedder)
    chunk_document = sources.chunk_document

    def counting(document: Document, *rest: object) -> object:
        counted.chunked.append(document.doc_id)
        return chunk_document(document, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(sources, "chunk_document", counting)
    return counted


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    documents = {**DOCUMENTS, "planted.md": PLANTED}
    return write_corpus(tmp_path / "corpus", documents, TRANSLATIONS)


@pytest.fixture
def index(tmp_path: Path) -> Path:
    return tmp_path / "index"


def content(index: Path) -> dict[str, bytes]:
    """The files of the live snapshot, and of its manifest what does not tell when it was made."""
    folder = index / snapshot.current_id(index)
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    manifest = json.loads(found.pop(snapshot.MANIFEST))
    for name in ("snapshot_id", "created", "seal"):
        del manifest[name]
    return found | {snapshot.MANIFEST: json.dumps(manifest).encode()}


def change_documents(corpus: Path) -> None:
    """Each in another way; what comes first is new."""
    path = corpus / "guide/returns.md"
    path.write_text(path.read_text(encoding="utf-8") + "\n返品の送料は無料です。\n", encoding="utf-8")
    (corpus / "guide/phone.md").unlink()
    write_corpus(corpus, {"a.md": "# 領収書\n\n発行できます。\n"})


def take_a_document_away(corpus: Path) -> None:
    (corpus / "notes.txt").rename(corpus / "a.txt")
    (corpus / "guide/returns.md").write_bytes(b"")


def widen(corpus: Path) -> None:
    write_corpus(corpus, {}, glossary=GLOSSARY)
    statement = {"document": "notes.txt", "statement": "配送料は全国一律500円です。", "ja": ["送料いくら"]}
    (corpus / "phrasings.jsonl").write_text(json.dumps(statement, ensure_ascii=False), encoding="utf-8")


def disagree(corpus: Path) -> None:
    """The documents stay as they were."""
    entry = {
        "topic": {"ja": "送料", "en": "postage", "zh": "运费"},
        "questions": {"ja": ["送料はいくら？"]},
        "sides": [["配送料は全国一律500円です。"], ["離島への配送には7日かかります。"]],
    }
    (corpus / "disagreements.jsonl").write_text(json.dumps(entry, ensure_ascii=False), encoding="utf-8")


CHANGES: dict[str, Callable[[Path], object]] = {
    "nothing": lambda _: None,
    "documents edited, added, removed": change_documents,
    "documents renamed, not readable any more": take_a_document_away,
    "a translation": lambda corpus: write_catalog(corpus, "en", 'msgid "返品"\nmsgstr "Returns"\n'),
    "glossary and customers' questions": widen,
    "a disagreement": disagree,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_rebuild_gives_what_a_build_from_nothing_gives(
    corpus: Path, index: Path, tmp_path: Path, small_embedder: StaticEmbedder, change: Callable[[Path], object]
) -> None:
    build_index(corpus, index, small_embedder, keep=1)
    change(corpus)
    build_index(corpus, index, small_embedder, keep=1)
    build_index(corpus, tmp_path / "fresh", small_embedder, keep=1)
    rebuilt, fresh = content(index), content(tmp_path / "fresh")
    assert [name for name in fresh if rebuilt.get(name) != fresh[name]] == []
    assert set(rebuilt) == set(fresh)


def test_where_nothing_has_changed_nothing_is_worked_on(corpus: Path, index: Path, work: Work) -> None:
    built = build_index(corpus, index, work, keep=1)
    assert sorted(work.chunked) == sorted([*DOCUMENTS, "planted.md"])
    work.clear()
    again = build_index(corpus, index, work, keep=1)
    assert (work.chunked, work.cut, work.embedded) == ([], [], [])
    assert again.planted == built.planted != []


def test_of_a_changed_document_the_chunk_with_the_change_is_worked_on(corpus: Path, index: Path, work: Work) -> None:
    build_index(corpus, index, work, keep=1)
    work.clear()
    path = corpus / "guide/phone.md"
    path.write_text(path.read_text(encoding="utf-8").replace("会員番号", "注文番号"), encoding="utf-8")
    build_index(corpus, index, work, keep=1)
    assert work.chunked == ["guide/phone.md"]
    assert "注文番号を用意します。" in work.cut
    assert "電話の受付時間は9:00〜17:00です。" not in work.cut  # in the section before
    assert [text for text in work.embedded if "電話の受付時間" in text] == []


def test_a_translation_has_documents_read_again_and_their_unchanged_chunks_taken_over(
    corpus: Path, index: Path, work: Work
) -> None:
    build_index(corpus, index, work, keep=1)
    work.clear()
    write_catalog(corpus, "zh", 'msgid "返品"\nmsgstr "退货"\n')
    build_index(corpus, index, work, keep=1)
    assert sorted(work.chunked) == sorted([*DOCUMENTS, "planted.md"])
    assert "返品" in work.cut
    assert "会員番号を用意します。" not in work.cut


def test_what_other_code_has_made_is_made_again_but_for_vectors(
    corpus: Path, index: Path, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_index(corpus, index, work, keep=1)
    chunked, cut = list(work.chunked), list(work.cut)
    work.clear()
    made_by = build.made_by
    monkeypatch.setattr(
        build, "made_by", lambda corpus: MadeBy(code="other", translations=made_by(corpus).translations)
    )
    build_index(corpus, index, work, keep=1)
    assert (work.chunked, work.cut, work.embedded) == (chunked, cut, [])
