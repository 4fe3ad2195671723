"""What an answer shows of a table's header stands in what it cites, whatever the table's form."""

import asyncio
from collections.abc import Callable, Mapping

import pytest
from scripted_llm import ScriptedBackend, number_of
from strict_gate import StrictGate

from rag_support.answering.generative import GenerativeWriter
from rag_support.answering.grounding import GroundingGate
from rag_support.answering.self_check import self_checked
from rag_support.answering.statements import statements_of
from rag_support.answering.support import shipped_support
from rag_support.pipeline import Pipeline
from rag_support.types import Answer, Draft, Embedder
from rag_support.values import missing_values, values

Over = Callable[..., Pipeline]

TAXES = """\
# 住民税の納期

| 区 | 第1期 | 第2期 | 第3期 |
| --- | --- | --- | --- |
| 北区 | 6月30日 | 8月31日 | 10月31日 |
| 南区 | 7月5日 | 9月5日 | 11月5日 |
"""
VISITORS = """\
<h1>入館者数</h1><p>施設ごとの入館者数は、次の表のとおりです。</p>
<table><tr><th>施設</th><th>2023年度</th><th>2024年度</th></tr>
<tr><td>中央博物館</td><td>12,300人</td><td>13,400人</td></tr>
<tr><td>海の科学館</td><td>8,100人</td><td>9,050人</td></tr></table>
"""
POOL = "プールの料金\n\n区分\t1時間券\t3時間券\n大人\t300円\t700円\n小人\t150円\t350円\n"


def quotes_of(draft: Draft) -> Mapping[int, str]:
    return {citation.number: citation.quote for citation in draft.citations}


def assert_every_value_is_cited(draft: Draft) -> None:
    assert values(draft.text)
    quotes = quotes_of(draft)
    for statement in statements_of(draft.text):
        assert missing_values(statement.text, [quotes[number] for number in statement.citations]) == []


def assert_quotes_are_true(pipeline: Pipeline, answer: Answer) -> None:
    for citation in answer.draft.citations:
        chunk = pipeline.retriever.passages.by_id(citation.chunk_id)
        assert chunk is not None
        assert chunk.text[citation.start - chunk.start : citation.end - chunk.start] == citation.quote


@pytest.mark.parametrize(
    ("name", "text", "question", "shown", "header"),
    [
        ("a.md", TAXES, "南区の住民税の納期は？", "第2期：9月5日", "区 | 第1期 | 第2期 | 第3期"),
        ("a.html", VISITORS, "海の科学館の入館者数は？", "2024年度：9,050人", "施設 | 2023年度 | 2024年度"),
        ("a.txt", POOL, "小人のプールの料金は？", "3時間券：350円", "区分\t1時間券\t3時間券"),
        ("a.md", TAXES, "When is the resident tax due in 南区?", "第2期：9月5日", "区 | 第1期 | 第2期 | 第3期"),
    ],
)
def test_a_value_of_the_header_is_cited_beside_the_row(
    pipeline_over: Over, name: str, text: str, question: str, shown: str, header: str
) -> None:
    pipeline = pipeline_over({name: text})
    answer = pipeline.answer(question)
    assert answer.draft.refusal is None
    assert shown in answer.draft.text
    assert list(quotes_of(answer.draft).values()).count(header) == 1  # however many rows stand below it
    assert_every_value_is_cited(answer.draft)
    assert_quotes_are_true(pipeline, answer)
    assert answer.draft.grounding.dropped == 0


def test_the_rows_of_a_long_table_cite_the_header_where_it_stands(pipeline_over: Over) -> None:
    names = [f"{name * 60}公民館" for name in "春夏秋冬東西南北上中下左右前後青赤白黒"]
    rows = "".join(f"| {name} | 9月3日 | 9月9日 |\n" for name in names)
    pipeline = pipeline_over({"a.md": f"# 点検の日程\n\n| 場所 | 令和5年 | 令和6年 |\n| --- | --- | --- |\n{rows}"})
    answer = pipeline.answer(f"{names[-1]}の点検の日程は？")
    row, header = answer.draft.citations[:2]
    assert row.quote == f"| {names[-1]} | 9月3日 | 9月9日 |"
    assert header.quote == "場所 | 令和5年 | 令和6年"
    assert row.chunk_id != header.chunk_id
    assert_every_value_is_cited(answer.draft)
    assert_quotes_are_true(pipeline, answer)


def test_of_the_tables_of_one_list_each_row_cites_its_own_header(pipeline_over: Over) -> None:
    tables = (
        "- 平日\n\n  | 区分 | 1時間券 | 2時間券 |\n  | --- | --- | --- |\n  | 大人 | 300円 | 500円 |\n\n"
        "- 祝日\n\n  | 区分 | 3時間券 | 6時間券 |\n  | --- | --- | --- |\n  | 小人 | 150円 | 250円 |\n"
    )
    pipeline = pipeline_over({"a.md": f"# プールの料金\n\n{tables}"})
    answer = pipeline.answer("小人のプールの料金は？")
    quotes = quotes_of(answer.draft)
    (of_children,) = [statement for statement in statements_of(answer.draft.text) if "6時間券" in statement.text]
    assert [quotes[number] for number in of_children.citations] == [
        "| 小人 | 150円 | 250円 |",
        "区分 | 3時間券 | 6時間券",
    ]
    assert_every_value_is_cited(answer.draft)
    assert_quotes_are_true(pipeline, answer)


def test_a_header_stands_in_the_chunk_of_its_rows_not_in_that_of_the_list_before_them(pipeline_over: Over) -> None:
    items = "".join(f"- {name * 300}です。\n" for name in "春夏秋冬東西")
    table = "- 料金\n\n  | 区分 | 1時間券 | 3時間券 |\n  | --- | --- | --- |\n  | 小人 | 150円 | 350円 |\n"
    pipeline = pipeline_over({"a.md": f"# プール\n\n{items}{table}"})
    answer = pipeline.answer("小人の料金の区分は？")
    assert "3時間券：350円" in answer.draft.text
    assert "区分 | 1時間券 | 3時間券" in quotes_of(answer.draft).values()
    assert_every_value_is_cited(answer.draft)
    assert_quotes_are_true(pipeline, answer)


def test_a_header_without_a_value_is_not_cited(pipeline_over: Over) -> None:
    table = "# 本の貸出\n\n| 種類 | 冊数 | 期間 |\n| --- | --- | --- |\n| 雑誌 | 3冊 | 7日 |\n| 絵本 | 9冊 | 14日 |\n"
    draft = pipeline_over({"a.md": table}).answer("絵本は何冊借りられますか").draft
    assert "冊数：9冊" in draft.text
    assert all(quote.startswith("| ") for quote in quotes_of(draft).values())


def test_a_row_that_cites_itself_alone_may_not_say_what_the_header_says(
    pipeline_over: Over, shipped_embedder: Embedder
) -> None:
    pipeline = pipeline_over({"a.md": TAXES})
    draft = pipeline.answer("南区の住民税の納期は？").draft
    (row,) = [citation for citation in draft.citations if "南区" in citation.quote]
    alone = Draft(f"南区（第1期：7月5日、第2期：9月5日、第3期：11月5日） [{row.number}]", 0.9, (row,))
    gate = GroundingGate(shipped_embedder, shipped_support())
    checked = self_checked(alone, "ja", pipeline.retriever.passages, gate)
    assert checked.refusal is not None


def test_a_model_that_says_a_value_of_the_header_cites_it_too(pipeline_over: Over, shipped_embedder: Embedder) -> None:
    opened = pipeline_over({"a.md": TAXES})
    said = "南区の第2期の納期は9月5日です。"
    backend = ScriptedBackend(lambda messages: f"{said}[{number_of(messages, '南区（')}]")
    writer = GenerativeWriter(backend, StrictGate(), patience_s=60.0, evidence_tokens=4_000, answer_tokens=400)
    pipeline = Pipeline(opened.retriever, opened._answerer, "en", writer, gate=opened._gate)
    answer = asyncio.run(pipeline.written("南区の住民税の納期は？"))
    assert answer.draft.text == f"{said} [1][2]"
    assert quotes_of(answer.draft) == {1: "| 南区 | 7月5日 | 9月5日 | 11月5日 |", 2: "区 | 第1期 | 第2期 | 第3期"}
    assert_quotes_are_true(pipeline, answer)
