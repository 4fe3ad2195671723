"""Whatever stands in the corpus folder: bounded in time and memory, named with its mend, and the rest indexed."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from blocks import assert_contract
from hostile import PAGES, PDFS, TEXTS, WORDS

from rag_support.embedding import StaticEmbedder
from rag_support.ingest.build import build_index
from rag_support.ingest.readers import MAX_BYTES, Reading, read_corpus
from rag_support.ingest.sandbox import Limits
from rag_support.ingest.spans import MAX_SPAN_CHARS
from rag_support.pipeline import Pipeline

GOOD = "# 返品\n\n返品は到着から30日以内に受け付けます。\n"
MIB = 2**20
ROOMY = Limits(seconds=30, memory_bytes=600 * MIB)  # no file here needs as much, unless it takes the square of it


def reading_of(folder: Path, files: Mapping[str, bytes], limits: Limits = ROOMY) -> Reading:
    """What is read of these files and of a good one that comes after them all."""
    for name, content in files.items():
        (folder / name).write_bytes(content)
    (folder / "z-good.md").write_text(GOOD, encoding="utf-8")
    reading = read_corpus(folder, limits=limits)
    assert reading.documents[-1].text == GOOD
    for document in reading.documents:
        assert_contract(document.text, document.blocks)
    for left in reading.left_out:
        assert left.problem.endswith(".")
        assert left.mend.endswith(".")
    return reading


def problems(reading: Reading) -> dict[str, str]:
    return {left.doc_id: left.problem for left in reading.left_out}


def test_pdf_files(tmp_path):
    slow = "endless-drawing.pdf"
    files = {name: write() for name, write in PDFS.items() if name != slow}
    assert set(problems(reading_of(tmp_path, files))) == set(files)


def test_a_file_that_takes_too_long_costs_only_itself(tmp_path):
    slow = "endless-drawing.pdf"
    reading = reading_of(tmp_path, {slow: PDFS[slow](), "b.md": GOOD.encode()}, Limits(seconds=0.5))
    assert problems(reading) == {slow: "It was not read within 0.5 seconds."}
    assert [document.doc_id for document in reading.documents] == ["b.md", "z-good.md"]


def test_a_file_that_takes_too_much_memory_costs_only_itself(tmp_path):
    large = "cell-over-a-billion-columns.docx"
    reading = reading_of(tmp_path, {large: WORDS[large](), "d.md": GOOD.encode()}, Limits(memory_bytes=250 * MIB))
    assert problems(reading) == {large: "To read it takes more than 250 MiB of memory."}
    assert [document.doc_id for document in reading.documents] == ["d.md", "z-good.md"]


def test_word_documents(tmp_path):
    harmless = {"archive-in-archive.docx", "climbing.docx", "lies-about-its-size.docx"}
    files = {name: write() for name, write in WORDS.items() if not name.startswith("cell-")}
    folder = tmp_path / "above" / "corpus"
    folder.mkdir(parents=True)
    reading = reading_of(folder, files)
    assert set(problems(reading)) == set(files) - harmless
    for document in reading.documents[:-1]:
        assert document.text == "本文です。\n"  # and nothing of what else is in the archive
    assert [path.name for path in (tmp_path / "above").iterdir()] == ["corpus"]
    assert not Path("/tmp/climbed.md").exists()


def test_web_pages(tmp_path):
    reading = reading_of(tmp_path, {name: write().encode() for name, write in PAGES.items()})
    assert problems(reading).keys() == {"one-line-of-ten-megabytes.html", "lists-in-depth.html"}
    texts = {document.doc_id: document.text for document in reading.documents}
    assert "root:" not in texts["outside-entity.html"]
    assert "haha" not in texts["laughs.html"]


@pytest.mark.parametrize("suffix", ["md", "txt"])
def test_texts_that_would_take_the_square_of_their_length(tmp_path, small_embedder: StaticEmbedder, suffix):
    """Read, built into an index and met by a question, each within what a line of its length may take."""
    files = {f"{name}.{suffix}": text.encode() for name, text in TEXTS.items()}
    reading = reading_of(tmp_path, files)
    without_text = {"deep-quotation.md", "deep-list.md", "half-comments.md"}
    assert set(problems(reading)) == without_text & set(files)
    build_index(tmp_path, tmp_path / "index", small_embedder, keep=1)
    pipeline = Pipeline.open(tmp_path / "index", small_embedder, "en")
    answer = pipeline.answer("返品は何日以内ですか？ あああ AAA [[[ ||| 111", top_k=50)
    assert all(span.end - span.start <= MAX_SPAN_CHARS for hit in answer.hits for span in hit.chunk.spans)


class TestFolder:
    def test_files_that_are_none(self, tmp_path):
        os.mkfifo(tmp_path / "pipe.md")
        (tmp_path / "device.md").symlink_to("/dev/zero")
        with (tmp_path / "sparse.txt").open("wb") as sparse:
            sparse.truncate(2**40)
        found = problems(reading_of(tmp_path, {}))
        assert found == {
            "pipe.md": "This is not an ordinary file.",
            "device.md": "The link leads out of the corpus folder.",
            "sparse.txt": f"The file is larger than {MAX_BYTES // MIB} MiB.",
        }

    def test_pipes_beside_the_documents_are_not_waited_for(self, tmp_path, small_embedder):
        (tmp_path / "translations").mkdir()
        for name in ("glossary.tsv", "phrasings.jsonl", "translations/en.po"):
            os.mkfifo(tmp_path / name)
        reading_of(tmp_path, {})
        assert build_index(tmp_path, tmp_path / "index", small_embedder, keep=1).counts.documents == 1

    def test_names_that_steer_a_terminal_are_shown_escaped(self, tmp_path):
        found = problems(reading_of(tmp_path, {"a\x1b[31m\n.md": b"x", "b\u202edm.txt": b"x", "c\u200b.md": b"x"}))
        assert list(found) == [r"a\x1b[31m\n.md", r"b\u202edm.txt", r"c\u200b.md"]

    def test_folders_without_end(self, tmp_path):
        deepest = tmp_path
        for _ in range(60):
            deepest = deepest / "a"
        deepest.mkdir(parents=True)
        (problem,) = problems(reading_of(tmp_path, {})).values()
        assert "50 folders deep" in problem
