"""Questions in, answers out: what must hold for every answer, whatever the models and constants."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from small_parts import DOCUMENTS, TRANSLATIONS, entry, write_catalog, write_corpus
from statements import KANA, is_written_in, statements, values, written_language
from writers import QuotingWriter

from rag_support.answering.grounding import GroundingGate
from rag_support.answering.support import shipped_support
from rag_support.errors import QuestionError
from rag_support.evaluation.dataset import load_needs
from rag_support.ingest.build import build_index
from rag_support.pipeline import Pipeline
from rag_support.types import Answer, Citation, Draft, Embedder, Found, Hit, Stated

ROOT = Path(__file__).parents[1]
CORPUS = ROOT / "corpus"

ANSWERED = {
    "ja": ["電話番号を教えてください", "電話の受付時間を教えてください", "本物のメールのドメインを教えてください",
           "利用者満足度は何パーセントですか", "チャットを始める手順を教えてください", "注文をキャンセルできますか"],
    "en": ["What is the phone number?", "When is the phone line open?", "Which domain do genuine emails come from?",
           "How satisfied are users, in percent?", "How do I start a chat?", "Can I cancel my order?"],
    "zh": ["客服电话是多少？", "电话客服的服务时间是几点到几点？", "官方邮件的域名是什么？",
                "用户满意度是百分之多少？", "怎么开始在线聊天？", "可以取消订单吗？"],
    "zh-Hant": ["客服電話是多少？", "怎麼退貨？", "如何開始線上聊天？", "可以取消訂單嗎？"],
}  # fmt: skip
REFUSED = {
    "ja": ["量子力学を説明してください", "サワードウブレッドの焼き方を教えてください"],
    "en": ["Explain quantum mechanics", "How do I bake sourdough bread?"],
    "zh": ["请解释量子力学", "怎么烤酸面包？"],
    "zh-Hant": ["請解釋量子力學", "怎麼烤酸麵包？"],
}


def asked(questions: dict[str, list[str]]) -> pytest.MarkDecorator:
    pairs = [(language, question) for language, of_language in questions.items() for question in of_language]
    return pytest.mark.parametrize(("language", "question"), pairs)


@pytest.fixture(scope="module")
def answers(pipeline: Pipeline) -> list[Answer]:
    """Answers to all dev questions and those above; many are refusals."""
    needs = load_needs(ROOT / "eval/questions/dev.jsonl")
    questions = [text for need in needs for text in need.questions.values()]
    questions += [question for of_language in ANSWERED.values() for question in of_language]
    usable = []
    for question in questions:
        try:
            usable.append(pipeline.answer(question))
        except QuestionError:
            continue
    return usable


@pytest.fixture(scope="module")
def given(answers: list[Answer]) -> list[Answer]:
    """Those that say something."""
    found = [answer for answer in answers if answer.draft.refusal is None]
    assert len(found) >= 100
    return found


@pytest.fixture(scope="module")
def sources() -> dict[str, str]:
    return {path.relative_to(CORPUS).as_posix(): path.read_text(encoding="utf-8") for path in CORPUS.rglob("*.md")}


def test_every_quote_is_the_slice_of_its_document(given: list[Answer], sources: dict[str, str]) -> None:
    for answer in given:
        for citation in answer.draft.citations:
            assert sources[citation.doc_id][citation.start : citation.end] == citation.quote
            assert citation.quote == citation.quote.strip() != ""


def test_every_statement_is_cited_and_citations_are_numbered_in_order(given: list[Answer]) -> None:
    for answer in given:
        found = statements(answer)
        assert found
        assert [statement.citation.number for statement in found] == list(range(1, len(found) + 1))
        assert len(found) == len(answer.draft.citations)
        assert all(statement.text for statement in found)
        sides = {value.citation for conflict in answer.draft.conflicts for value in conflict.values}
        cited = {citation.chunk_id for citation in answer.draft.citations if citation.number not in sides}
        assert cited <= {hit.chunk.chunk_id for hit in answer.hits}


def test_every_value_of_a_statement_stands_in_its_citation(given: list[Answer]) -> None:
    for answer in given:
        for statement in statements(answer):
            citation = statement.citation
            assert values(statement.text) <= values(f"{citation.quote}\n{citation.translation or ''}")


def test_answers_and_translations_are_in_the_askers_language(given: list[Answer]) -> None:
    for answer in given:
        language = written_language(answer)
        assert is_written_in(answer.draft.text, language), answer.draft.text
        for citation in answer.draft.citations:
            assert citation.reviewed
            assert (citation.translation is None) == (answer.language == "ja")
            assert is_written_in(citation.translation or "これ", language)


def test_no_question_and_no_heading_is_stated(given: list[Answer], pipeline: Pipeline) -> None:
    for answer in given:
        for citation in answer.draft.citations:
            chunk = pipeline.retriever.passages.by_id(citation.chunk_id)
            assert chunk is not None
            (kind,) = {span.kind for span in chunk.spans if span.start == citation.start}
            assert kind not in ("heading", "question")


def test_a_sentence_that_introduces_a_list_comes_with_it(given: list[Answer]) -> None:
    for answer in given:
        quotes = [citation.quote for citation in answer.draft.citations]
        for position, quote in enumerate(quotes):
            if quote.endswith(("は、次のとおりです。", "次の表のとおりです。")):
                assert position + 1 < len(quotes), answer.draft.text


def test_refusals_are_typed_localised_and_cite_only_what_is_related(answers: list[Answer]) -> None:
    refusals = [answer for answer in answers if answer.draft.refusal is not None]
    assert {answer.language for answer in refusals} == {"ja", "en", "zh"}
    for answer in refusals:
        refusal = answer.draft.refusal
        assert refusal is not None
        assert refusal.kind in ("nothing_found", "out_of_scope", "language_unsure")
        assert answer.draft.text.startswith(refusal.message)
        assert is_written_in(refusal.message, written_language(answer))
        assert answer.draft.conflicts == ()
        assert not answer.draft.citations or refusal.kind == "nothing_found"


def test_conflicts_name_two_values_or_more_each_standing_where_it_is_cited(given: list[Answer]) -> None:
    assert any(answer.draft.conflicts for answer in given)
    for answer in given:
        citations = {citation.number: citation for citation in answer.draft.citations}
        for conflict in answer.draft.conflicts:
            assert is_written_in(conflict.topic, written_language(answer)) or answer.language == "ja"
            assert len({value.text for value in conflict.values}) >= 2
            for value in conflict.values:
                cited = citations[value.citation]
                standing = values(f"{cited.quote}\n{cited.translation or ''}")
                assert {found.removeprefix("@") for found in values(value.text)} <= {
                    found.removeprefix("@") for found in standing
                }


def test_confidence_is_a_probability_and_timings_are_told(answers: list[Answer]) -> None:
    for answer in answers:
        assert 0 <= answer.draft.confidence <= 1
        assert set(answer.timings_ms) == {"language", "retrieve", "answer", "total"}
    assert len({answer.answer_id for answer in answers}) == len(answers)


@asked(ANSWERED)
def test_the_guide_answers_what_it_covers(pipeline: Pipeline, language: str, question: str) -> None:
    answer = pipeline.answer(question)
    assert answer.draft.refusal is None
    assert answer.language == language[:2]
    assert is_written_in(answer.draft.text, language)


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("電話番号を教えてください", "0120-999-373"), ("What is the phone number?", "0120-999-373"),
        ("客服电话是多少？", "0120-999-373"), ("客服電話是多少？", "0120-999-373"),
        ("電話の受付時間を教えてください", "6:00"), ("电话客服的服务时间是几点到几点？", "24:00"),
        ("Which domain do genuine emails come from?", "amazon.co.jp"), ("官方邮件的域名是什么？", "amazon.co.jp"),
        ("利用者満足度は何パーセントですか", "92%"), ("How satisfied are users, in percent?", "92%"),
    ],
)  # fmt: skip
def test_a_value_that_was_asked_for_is_in_the_answer(pipeline: Pipeline, question: str, value: str) -> None:
    assert value in values(pipeline.answer(question).draft.text)


@asked(REFUSED)
def test_what_the_guide_does_not_cover_is_refused_in_the_askers_language(
    pipeline: Pipeline, language: str, question: str
) -> None:
    answer = pipeline.answer(question)
    assert answer.draft.refusal is not None
    assert answer.draft.refusal.kind in ("nothing_found", "out_of_scope")
    assert answer.language == language[:2]
    assert is_written_in(answer.draft.text, language)


@asked({language: questions[:2] for language, questions in ANSWERED.items()} | {"": REFUSED["en"]})
def test_the_same_question_gives_the_same_answer(pipeline: Pipeline, language: str, question: str) -> None:
    one, two = pipeline.answer(question), pipeline.answer(f"  {question}\n")
    assert one.draft == two.draft
    assert one.hits == two.hits
    assert one.answer_id != two.answer_id


def test_a_reopened_index_gives_the_same_answers(
    pipeline: Pipeline, shipped_index: Path, shipped_embedder: Embedder
) -> None:
    again = Pipeline.open(shipped_index, shipped_embedder, "en")
    for questions in ANSWERED.values():
        assert again.answer(questions[0]).draft == pipeline.answer(questions[0]).draft


@pytest.mark.parametrize("language", ["ja", "en", "zh"])
def test_the_language_asked_for_is_the_answers(pipeline: Pipeline, language: str) -> None:
    for question in ("電話番号を教えてください", "What is the phone number?", "客服电话是多少？"):
        answer = pipeline.answer(question, language=language)
        assert answer.language == language
        assert is_written_in(answer.draft.text, language)


def test_a_question_in_no_language_is_told_so(pipeline: Pipeline) -> None:
    answer = pipeline.answer("？？")
    assert answer.draft.refusal is not None
    assert answer.draft.refusal.kind == "language_unsure"
    assert answer.language == "en"


@pytest.mark.parametrize("fallback", ["ja", "en", "zh"])
def test_other_languages_get_the_fallback_and_hear_which_are_served(
    shipped_index: Path, shipped_embedder: Embedder, fallback: str
) -> None:
    pipeline = Pipeline.open(shipped_index, shipped_embedder, fallback)
    answer = pipeline.answer("환불하고 싶어요. 어떻게 해야 하나요?")
    served = {"ja": "日本語、英語、中国語", "en": "Japanese, English and Chinese", "zh": "日语、英语和中文"}
    assert answer.detection.language == "ko"
    assert answer.language == fallback
    assert served[fallback] in answer.draft.text.splitlines()[-1]


@pytest.mark.parametrize(
    "question", ["電話番号は？", "How do I cancel an order?", "退货要几天", "Who won the world cup?"]
)
def test_how_many_passages_are_wanted_does_not_change_the_answer(pipeline: Pipeline, question: str) -> None:
    drafts = [pipeline.answer(question, top_k=k).draft for k in (1, 10, 50)]
    assert drafts[0] == drafts[1] == drafts[2]


def test_top_k_bounds_the_hits(pipeline: Pipeline) -> None:
    question = "電話番号を教えてください"
    assert [len(pipeline.answer(question, top_k=k).hits) for k in (1, 5, 50)] == [1, 5, 50]
    assert [hit.chunk for hit in pipeline.search(question, 5)] == [
        hit.chunk for hit in pipeline.answer(question, top_k=5).hits
    ]


@pytest.mark.parametrize("question", ["", " \n", "電話\x00番号", "a" * 2001, "\ud800"])
def test_an_unusable_question_is_refused_before_the_search(pipeline: Pipeline, question: str) -> None:
    with pytest.raises(QuestionError):
        pipeline.answer(question)
    with pytest.raises(QuestionError):
        pipeline.search(question)


class Misquoting:
    """An answerer that gives the first hit with one character of its quote changed, or a citation of nothing."""

    def __init__(self, chunk_id: str | None) -> None:
        self._chunk_id = chunk_id

    def answer(self, question: str, language: str, hits: Sequence[Hit], asked: str = "") -> Draft:
        chunk = hits[0].chunk
        span = chunk.spans[-1]
        quote = chunk.text[span.start - chunk.start : span.end - chunk.start]
        citation = Citation(
            number=1,
            chunk_id=self._chunk_id or chunk.chunk_id,
            doc_id=chunk.doc_id,
            heading=chunk.heading,
            quote=quote if self._chunk_id else "偽" + quote[1:],
            start=span.start,
            end=span.end,
            translation=None,
            reviewed=True,
        )
        return Draft(text=f"{quote} [1]", confidence=1.0, citations=(citation,))


@pytest.mark.parametrize("chunk_id", [None, "0123456789abcdef"])
def test_a_quote_that_is_not_its_source_is_withheld(
    pipeline: Pipeline, shipped_embedder: Embedder, chunk_id: str | None
) -> None:
    misquoting = Pipeline(
        pipeline.retriever, Misquoting(chunk_id), "en", gate=GroundingGate(shipped_embedder, shipped_support())
    )
    answer = misquoting.answer("What is the phone number?")
    assert answer.draft.refusal is not None
    assert answer.draft.refusal.kind == "unverified"
    assert answer.draft.citations == ()
    assert is_written_in(answer.draft.text, "en")


PHONE = {"en": "How do I call customer service by phone?", "zh": "电话号码是多少？", "zh-Hant": "電話號碼是多少？"}


@pytest.mark.parametrize("language", PHONE)
def test_without_translations_japanese_is_quoted_inside_the_askers_language(
    pipeline_over: Callable[..., Pipeline], language: str
) -> None:
    answer = pipeline_over(DOCUMENTS).answer(PHONE[language])
    assert answer.draft.refusal is None
    assert answer.language == language[:2]
    assert is_written_in(answer.draft.text, language)
    for citation in answer.draft.citations:
        assert (citation.translation, citation.reviewed) == (None, False)
        assert f"「{citation.quote}」 [{citation.number}]" in answer.draft.text, "the Japanese stands as it is written"
        assert DOCUMENTS[citation.doc_id][citation.start : citation.end] == citation.quote


def test_a_reviewed_translation_is_served_and_the_quote_stays_japanese(pipeline_over: Callable[..., Pipeline]) -> None:
    answer = pipeline_over(DOCUMENTS, TRANSLATIONS).answer("What is the phone number?")
    assert "The phone number is 0120-111-222." in answer.draft.text
    assert all(citation.reviewed for citation in answer.draft.citations)
    assert {"The phone number is 0120-111-222."} <= {citation.translation for citation in answer.draft.citations}
    assert all(KANA.search(citation.quote) for citation in answer.draft.citations)


def test_a_fuzzy_translation_is_never_shown(tmp_path: Path, shipped_embedder: Embedder) -> None:
    corpus = write_corpus(tmp_path / "corpus", DOCUMENTS)
    fuzzy = "".join(entry(source, f"OLD WORDING {text}", "fuzzy") for source, text in TRANSLATIONS["en"].items())
    write_catalog(corpus, "en", fuzzy)
    build_index(corpus, tmp_path / "index", shipped_embedder, keep=1)
    pipeline = Pipeline.open(tmp_path / "index", shipped_embedder, "en")
    answer = pipeline.answer(PHONE["en"])
    assert answer.draft.refusal is None
    assert "OLD WORDING" not in answer.draft.text
    assert all((citation.translation, citation.reviewed) == (None, False) for citation in answer.draft.citations)


def test_an_answer_is_told_as_what_was_found_its_statements_and_the_answer_they_make_up(
    shipped_index: Path, shipped_embedder: Embedder
) -> None:
    pipeline = Pipeline.open(shipped_index, shipped_embedder, "en", QuotingWriter())

    async def told() -> list[object]:
        return [event async for event in pipeline.events(ANSWERED["en"][0])]

    found, *stated, answer = asyncio.run(told())
    assert isinstance(found, Found)
    assert isinstance(answer, Answer)
    assert found.answer_id == answer.answer_id
    assert answer.draft.generator == "repeating"
    assert "".join(one.text for one in stated if isinstance(one, Stated)) == answer.draft.text
    assert [citation for one in stated for citation in one.citations] == list(answer.draft.citations)


def test_closing_the_events_closes_the_writing(shipped_index: Path, shipped_embedder: Embedder) -> None:
    writer = QuotingWriter()
    pipeline = Pipeline.open(shipped_index, shipped_embedder, "en", writer)

    async def leave_at_the_first_statement() -> None:
        events = pipeline.events(ANSWERED["en"][0])
        assert isinstance(await anext(events), Found)
        assert isinstance(await anext(events), Stated)
        assert not writer.closed.is_set()
        await events.aclose()
        assert writer.closed.is_set()

    asyncio.run(leave_at_the_first_statement())


def test_a_refusal_is_not_written(shipped_index: Path, shipped_embedder: Embedder) -> None:
    pipeline = Pipeline.open(shipped_index, shipped_embedder, "en", QuotingWriter())
    assert asyncio.run(pipeline.written(REFUSED["en"][0])).draft.generator == "extractive"


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("変なメール来た", "押しちゃった"),
        ("I got a strange email", "I already clicked it"),
        ("收到可疑邮件", "我已经点了"),
    ],
)
def test_who_has_already_clicked_is_not_told_not_to(pipeline: Pipeline, before: str, now: str) -> None:
    [first, *_] = pipeline.answer(now, conversation=[before]).draft.citations
    assert "パスワードを変更" in first.quote
