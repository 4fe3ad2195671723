import json
from dataclasses import replace
from pathlib import Path

import pytest
from small_parts import write_corpus

from rag_support.errors import EvaluationError
from rag_support.evaluation.dataset import check_gold, load_needs
from rag_support.evaluation.template import write_template
from rag_support.ingest.chunking import MAX_CHARS, chunk_document
from rag_support.ingest.readers import read_corpus
from rag_support.types import Chunk, Document, Span

CORPUS = Path(__file__).parents[2] / "corpus"


def chunks_of(folder: Path) -> tuple[list[Chunk], list[Document]]:
    documents = list(read_corpus(folder).documents)
    return [chunk for document in documents for chunk in chunk_document(document, lambda *_: None)], documents


def section(name: str, language: str = "ja", heading: bool = True) -> Chunk:
    text = f"{name}の文です。"
    start, end = 5, 5 + len(text)
    spans = (Span("sentence", start, end, {language: text}),)
    return Chunk(name, "a.md", "案内", language, ("案内", name) if heading else (), start, end, text, spans)


def test_a_template_of_the_shipped_corpus_is_a_set_that_can_be_run(tmp_path: Path) -> None:
    chunks, documents = chunks_of(CORPUS)
    file = tmp_path / "my" / "set.jsonl"
    assert write_template(file, chunks, 30) == 30
    needs = load_needs(file)
    assert [need.id for need in needs] == [f"need-{number:03d}" for number in range(1, 31)]
    check_gold(needs, {document.doc_id: document.text for document in documents}, file)
    assert all(need.answerable and need.questions.keys() == {"ja"} for need in needs)
    assert len({need.gold[0].document for need in needs}) > 10


def test_the_question_is_the_heading_and_the_gold_its_first_statement(tmp_path: Path) -> None:
    chunks, _ = chunks_of(write_corpus(tmp_path / "corpus"))
    file = tmp_path / "set.jsonl"
    write_template(file, chunks, 30)
    told = [(need.questions["ja"], need.gold[0].document, need.gold[0].quote) for need in load_needs(file)]
    assert told == [
        ("電話での問い合わせ", "guide/phone.md", "電話の受付時間は9:00〜17:00です。"),
        ("電話をかける手順", "guide/phone.md", "電話をかける手順は、次のとおりです。"),
        ("返品", "guide/returns.md", "商品の返品は、到着から30日以内に受け付けます。"),
        ("配送について", "notes.txt", "配送料は全国一律500円です。"),
    ]


@pytest.mark.parametrize(
    ("sections", "needs", "expected"),
    [
        (9, 3, [0, 3, 6]), (10, 4, [0, 2, 5, 7]),  # every 2.5th
        (3, 3, [0, 1, 2]), (3, 30, [0, 1, 2]), (5, 1, [0]),
    ],
)  # fmt: skip
def test_needs_are_spread_evenly_over_the_sections(
    tmp_path: Path, sections: int, needs: int, expected: list[int]
) -> None:
    file = tmp_path / "set.jsonl"
    assert write_template(file, [section(f"s{number}") for number in range(sections)], needs) == len(expected)
    assert [need.questions["ja"] for need in load_needs(file)] == [f"s{number}" for number in expected]


def test_the_question_of_a_section_is_not_its_answer(tmp_path: Path) -> None:
    chunk = section("返品")
    question = Span("question", chunk.start, chunk.start + 2, {})
    write_template(tmp_path / "set.jsonl", [replace(chunk, spans=(question, *chunk.spans))], 1)
    assert load_needs(tmp_path / "set.jsonl")[0].gold[0].quote == "返品の文です。"


def test_a_long_section_is_asked_about_once(tmp_path: Path) -> None:
    long = "返品は、到着から三十日以内に受け付けます。" * (MAX_CHARS // 10)
    chunks, documents = chunks_of(
        write_corpus(tmp_path / "corpus", {"a.md": f"# 返品\n\n{long}\n\n# 電話\n\n電話です。\n"})
    )
    assert len(chunks) > 2
    file = tmp_path / "set.jsonl"
    assert write_template(file, chunks, 30) == 2
    needs = load_needs(file)
    assert [need.questions["ja"] for need in needs] == ["返品", "電話"]
    check_gold(needs, {document.doc_id: document.text for document in documents}, file)


def test_each_section_is_asked_about_in_its_own_language(tmp_path: Path) -> None:
    chunks = [section("a", "zh-Hant"), section("b", "en"), section("c", "fr"), section("d", heading=False)]
    file = tmp_path / "set.jsonl"
    assert write_template(file, chunks, 30) == 2
    assert [list(need.questions) for need in load_needs(file)] == [["zh"], ["en"]]


def test_the_file_tells_its_owner_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "set.jsonl"
    write_template(file, [section("a")], 1)
    header, row = map(json.loads, file.read_text(encoding="utf-8").splitlines())
    assert (header["format"], header["version"], header["split"]) == ("rag-support/needs", 1, "dev")
    assert "as a customer would type it" in header["note"]
    assert row == {
        "id": "need-001", "kind": "explain", "questions": {"ja": "a"},
        "gold": [{"document": "a.md", "quote": "aの文です。"}],
    }  # fmt: skip


def test_a_file_that_is_there_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "set.jsonl"
    file.write_text("mine", encoding="utf-8")
    with pytest.raises(EvaluationError, match=r"set\.jsonl: it is there already, .* Give another name"):
        write_template(file, [section("a")], 1)
    assert file.read_text(encoding="utf-8") == "mine"


def test_a_corpus_without_sections_makes_no_template(tmp_path: Path) -> None:
    for chunks in ([], [section("a", heading=False)]):
        with pytest.raises(EvaluationError, match="no section with a heading and a sentence below it"):
            write_template(tmp_path / "set.jsonl", chunks, 30)
    assert not (tmp_path / "set.jsonl").exists()
