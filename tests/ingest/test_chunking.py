from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_support.errors import DocumentError
from rag_support.ingest.chunking import MAX_CHARS, chunk_document
from rag_support.ingest.readers import read_document
from rag_support.ingest.spans import MAX_HEADER_CHARS, block_spans
from rag_support.types import Chunk, Document

LINES = st.sampled_from(
    [
        *(
            "# 返品",
            "## 返品の手順",
            "### 返品できますか？",
            "## 返品",
            "# Returns",
            "見出し",
            "====",
            "■ 電話",
            "Q. 届きません",
        ),
        *(
            "返品は30日以内です。本は14日です。",
            "電話は24時間です",
            "You can return it. See below:",
            "手順は、次のとおりです。",
        ),
        *("「返せますか？」「いつまで？」", "本当ですか？はい。", "> 注意：本は除きます。", "※ 例外があります。"),
        *(
            "- 本",
            "- 家電は30日です。詳しくは電話で。",
            "  - 入れ子",
            "* CD",
            "・ 本",
            "1. 開きます。",
            "2. 押します。",
            "１．送る",
        ),
        *("| 商品 | 期限 |", "| --- | --- |", "| 本 | 14日 |", "|  | 30日 |", "| 家電 | |", "商品\t期限", "本\t14日"),
        *(
            "```",
            "code",
            "---",
            "***",
            "",
            "",
            "",
            "<b>太字</b>",
            "<!-- 隠す -->",
            "長い文です" * 60 + "。",
            "- " + "長い項目" * 90,
        ),
    ]
)
TEXT = st.lists(LINES | st.text("あ漢aZ1 #>-|.。？?「」（）\t*`:：0", max_size=30), max_size=40).map("\n".join)
DOCUMENTS = st.tuples(st.sampled_from(["a.md", "a.txt"]), TEXT)


def untranslated(segment: str, language: str) -> None:
    return None


def document_of(folder: Path, name: str, text: str) -> Document | None:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    try:
        return read_document(path, name)
    except DocumentError:
        return None


def chunks_of(folder: Path, text: str, name: str = "a.md") -> list[Chunk]:
    document = document_of(folder, name, text)
    assert document is not None
    return chunk_document(document, untranslated)


def quotes(chunk: Chunk) -> list[str]:
    return [chunk.text[span.start - chunk.start : span.end - chunk.start] for span in chunk.spans]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("documents")


@given(written=DOCUMENTS)
def test_chunks_and_spans_are_slices_of_the_document_in_order(folder: Path, written: tuple[str, str]) -> None:
    document = document_of(folder, *written)
    chunks = chunk_document(document, untranslated) if document else []
    reached = 0
    for chunk in chunks:
        assert document.text[chunk.start : chunk.end] == chunk.text
        headers = [header for header in chunk.headers if header.chunk_id == chunk.chunk_id]
        first = min([chunk.spans[0].start, *(header.start for header in headers)])
        assert (chunk.start, chunk.end) == (first, chunk.spans[-1].end)
        for header in headers:
            assert header.end <= chunk.end
            assert document.text[header.start : header.end] == header.text
        for span in chunk.spans:
            assert reached <= span.start < span.end <= chunk.end
            reached = span.end
            assert span.texts[document.language].strip()
    assert len({chunk.chunk_id for chunk in chunks}) == len(chunks)


@given(written=DOCUMENTS)
def test_every_span_lies_in_one_chunk_and_only_bare_headings_move_into_paths(
    folder: Path, written: tuple[str, str]
) -> None:
    document = document_of(folder, *written)
    if document is None:
        return
    chunks = chunk_document(document, untranslated)
    kept = [span for chunk in chunks for span in chunk.spans]
    paths = {chunk.heading[:depth] for chunk in chunks for depth in range(1, len(chunk.heading) + 1)}
    remaining = iter(kept)
    following = next(remaining, None)
    for block in document.blocks:
        for span in block_spans(document.text, block, document.language, untranslated):
            if span == following:
                following = next(remaining, None)
            else:
                assert block.kind == "heading"
                assert block.heading in paths
    assert following is None


@given(written=DOCUMENTS)
def test_a_chunk_belongs_to_one_section(folder: Path, written: tuple[str, str]) -> None:
    document = document_of(folder, *written)
    headings = {block.start: block.heading for block in document.blocks} if document else {}
    for chunk in chunk_document(document, untranslated) if document else []:
        inside = {heading for start, heading in headings.items() if chunk.start <= start < chunk.end}
        assert inside <= {chunk.heading}


@given(st.lists(st.integers(1, 2 * MAX_CHARS), min_size=1, max_size=12))
def test_a_long_section_is_cut_between_sentences_only(folder: Path, lengths: Sequence[int]) -> None:
    sentences = ["あ" * length + "。" for length in lengths]
    chunks = chunks_of(folder, "# 長い節\n\n" + "".join(sentences) + "\n")
    assert [quote for chunk in chunks for quote in quotes(chunk)] == ["長い節", *sentences]
    for chunk in chunks:
        assert len(chunk.text) <= MAX_CHARS or len(chunk.spans) == 1 or chunk.spans[0].kind == "heading"
    for chunk, following in pairwise(chunks):
        assert following.spans[0].end - chunk.start > MAX_CHARS, "cut though the next sentence had room"


@pytest.mark.parametrize("heading", ["返品について", "返品できますか？"])
def test_a_heading_stays_with_what_follows_however_long_that_is(tmp_path: Path, heading: str) -> None:
    chunks = chunks_of(tmp_path, f"# 案内\n\n## {heading}\n\n{'あ' * 2 * MAX_CHARS}。\n")
    assert [len(chunk.spans) for chunk in chunks] == [2]


def test_a_list_is_not_parted_from_the_sentence_that_introduces_it(tmp_path: Path) -> None:
    before = "あ" * 300 + "。"
    steps = [f"{'い' * 90}{number}。" for number in range(6)]
    listing = "".join(f"{number}. {step}\n" for number, step in enumerate(steps, start=1))
    chunks = chunks_of(tmp_path, f"# 手順\n\n{before}手順は、次のとおりです。\n\n{listing}")
    assert [quotes(chunk) for chunk in chunks] == [["手順", before], ["手順は、次のとおりです。", *steps]]


def test_a_table_longer_than_a_chunk_is_kept_whole_where_it_can_be(tmp_path: Path) -> None:
    def table(rows: int) -> str:
        return "# 表\n\n| 商品 | 期限 |\n| --- | --- |\n" + "".join(
            f"| {'本' * 90}{row} | 14日 |\n" for row in range(rows)
        )

    assert MAX_CHARS < len(table(8)) - len(table(0)) < 2 * MAX_CHARS
    assert len(chunks_of(tmp_path, table(8))) == 1
    endless = chunks_of(tmp_path, table(40))
    assert len(endless) > 1
    assert [span.kind for chunk in endless for span in chunk.spans] == ["heading", *["row"] * 40]


def test_a_bare_heading_is_carried_by_its_subsections(tmp_path: Path) -> None:
    chunks = chunks_of(tmp_path, "# 案内\n\n## 電話\n\n24時間です。\n\n## 返品\n\n14日です。\n\n# 終わり\n")
    assert [(chunk.heading, quotes(chunk)) for chunk in chunks] == [
        (("案内", "電話"), ["電話", "24時間です。"]),
        (("案内", "返品"), ["返品", "14日です。"]),
        (("終わり",), ["終わり"]),
    ]


def test_a_chunks_id_depends_on_its_text_and_not_on_its_place(tmp_path: Path) -> None:
    section = "# 電話\n\n24時間です。\n"
    before = chunks_of(tmp_path, section)[0]
    moved = chunks_of(tmp_path, f"# 返品\n\n14日です。\n\n{section}")[-1]
    changed = chunks_of(tmp_path, section.replace("24", "12"))[0]
    assert (before.start, before.chunk_id) != (moved.start, moved.chunk_id)
    assert before.chunk_id == moved.chunk_id
    assert before.chunk_id != changed.chunk_id


def test_equal_sections_have_ids_of_their_own(tmp_path: Path) -> None:
    section = "## 電話\n\n24時間です。\n\n"
    chunks = chunks_of(tmp_path, f"# 東京\n\n{section}# 大阪\n\n{section}## 返品\n\n14日です。\n\n{section}")
    phone = [chunk for chunk in chunks if chunk.heading[-1] == "電話"]
    assert len({chunk.chunk_id for chunk in phone}) == len(phone) == 3


def test_of_a_long_header_not_every_chunk_of_the_table_has_a_copy(folder: Path) -> None:
    rows = "".join(f"| 行{number} | 14日 | 無料 |\n" for number in range(200))
    chunks = chunks_of(folder, f"| 商品 | {'期' * MAX_HEADER_CHARS} | 送料 |\n| --- | --- | --- |\n{rows}")
    assert len(chunks) > 1
    assert [chunk.headers for chunk in chunks] == [()] * len(chunks)
