"""Answers worded by a model, through the whole pipeline: what passes, what is mended, what is dropped, what is quoted.

The model is scripted, so that each case is one; the gate is the plainest honest one. The real ones are tested in
tests/answering/backends/ and tests/answering/test_grounding.py, and together in tests/service/test_written_answers.py.
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import pytest
from scripted_llm import BREAK, Says, ScriptedBackend, evidence_of, number_of
from strict_gate import StrictGate

from rag_support.answering.backends import Message
from rag_support.answering.extractive import ExtractiveAnswerer
from rag_support.answering.generative import GenerativeWriter
from rag_support.answering.phrases import SERVED_LANGUAGES
from rag_support.answering.register import Register
from rag_support.errors import BackendBroken, BackendCutShort, BackendTooSlow, BackendUnavailable
from rag_support.pipeline import Pipeline
from rag_support.types import Answer, Embedder, Found, GroundingReport, Stated

PRIME = "プライム会員の電話番号は？"
EMAIL = "How long does it take to get a reply by email?"
SUSPICIOUS = "收到可疑邮件怎么办？"
LONG_S = 60.0


@dataclass(frozen=True)
class Told:
    """What came of one question."""

    answer: Answer
    stated: Sequence[Stated]
    backend: ScriptedBackend

    @property
    def text(self) -> str:
        return self.answer.draft.text

    @property
    def quotes(self) -> list[str]:
        return [citation.quote for citation in self.answer.draft.citations]


def writer_of(backend: ScriptedBackend) -> GenerativeWriter:
    return GenerativeWriter(backend, StrictGate(), patience_s=LONG_S, evidence_tokens=4_000, answer_tokens=400)


def unlisted(opened: Pipeline, writer: GenerativeWriter | None = None) -> Pipeline:
    """The pipeline with this writer and without the register of disagreements, which adds to what is quoted."""
    answerer = ExtractiveAnswerer(opened._answerer._answerability, Register((), opened.retriever.passages))
    return Pipeline(opened.retriever, answerer, "en", writer, gate=opened._gate)


@pytest.fixture(scope="module")
def pipeline(shipped_index: Path, shipped_embedder: Embedder) -> Pipeline:
    """What is quoted, by the same pipeline."""
    return unlisted(Pipeline.open(shipped_index, shipped_embedder, "en"))


@pytest.fixture(scope="module")
def written_by(shipped_index: Path, shipped_embedder: Embedder) -> Callable[[ScriptedBackend], Pipeline]:
    """backend → a pipeline over the shipped corpus whose answers it words."""
    opened = Pipeline.open(shipped_index, shipped_embedder, "en")
    return lambda backend: unlisted(opened, writer_of(backend))


@pytest.fixture(scope="module")
def ask(written_by) -> Callable[..., Told]:
    """ask(question, *what the model says, call by call)"""

    def ask(question: str, *says: Says, **options: object) -> Told:
        backend = ScriptedBackend(*says)

        async def events() -> list:
            return [event async for event in written_by(backend).events(question, **options)]

        found, *stated, answer = asyncio.run(events())
        assert isinstance(found, Found)
        assert isinstance(answer, Answer)
        assert "".join(one.text for one in stated) == answer.draft.text
        assert [citation for one in stated for citation in one.citations] == list(answer.draft.citations)
        return Told(answer, stated, backend)

    return ask


def sentences(*pairs: tuple[str, str]) -> Callable[[Sequence[Message]], str]:
    """Sentences, each with a part of the evidence line that it cites."""

    def say(messages: Sequence[Message]) -> str:
        return " ".join(f"{text}[{number_of(messages, part)}]" for text, part in pairs)

    return say


def is_quoted(told: Told, pipeline: Pipeline, question: str) -> None:
    quoted = pipeline.answer(question).draft
    assert told.text == quoted.text
    assert told.answer.draft.citations == quoted.citations
    assert told.answer.draft.grounding.fallback


class TestWhatPasses:
    @pytest.mark.parametrize(
        ("question", "text", "part"),
        [
            (PRIME, "プライム会員は0120-899-543にお電話ください。", "電話番号の一覧では、プライム会員向けの電話番号は"),
            (EMAIL, "You get a reply within several hours to 24 hours.", "A reply by email normally"),
            (SUSPICIOUS, "请不要点击邮件中的链接。", "不点击可疑邮件中的链接，也不回复"),
        ],
    )
    def test_is_told_in_the_model_s_words_with_the_source_s_quote(self, ask, question, text, part):
        told = ask(question, sentences((text, part)))
        assert told.text.startswith(f"{text} [1]")
        first = told.answer.draft.citations[0]
        assert first.number == 1
        chunk = next(hit.chunk for hit in told.answer.hits if hit.chunk.chunk_id == first.chunk_id)
        assert first.quote == chunk.text[first.start - chunk.start : first.end - chunk.start]
        assert told.answer.draft.generator == "scripted:tiny"
        assert told.answer.draft.grounding == GroundingReport(checked=1)

    def test_citations_are_numbered_in_the_order_of_their_first_use(self, ask):
        told = ask(
            EMAIL,
            lambda messages: "It takes several hours to 24 hours.[5, 2] Expect 24 hours at most.[2] See My Page.[4]",
        )
        assert re.findall(r"\[\d+\]", told.text) == ["[1]", "[2]", "[2]", "[3]"]
        assert [citation.number for citation in told.answer.draft.citations] == [1, 2, 3]
        assert [[one.number for one in stated.citations] for stated in told.stated] == [[1, 2], [], [3]]

    def test_paragraphs_and_lists_keep_their_shape(self, ask):
        told = ask(EMAIL, "It takes 24 hours.[1] Be patient.[1]\n- My Page.[4]\n- Email.[4]\n\nDone.[1]")
        assert told.text == ("It takes 24 hours. [1] Be patient. [1]\n- My Page. [2]\n- Email. [2]\nDone. [1]")

    def test_what_the_model_says_again_is_told_once(self, ask):
        told = ask(EMAIL, "It takes 24 hours.[1] See My Page.[4] " + "It takes 24 hours.[1] " * 20)
        assert told.text == "It takes 24 hours. [1] See My Page. [2]"

    def test_who_asks_in_another_language_still_learns_which_are_served(self, ask):
        told = ask("0120-999-373 phone number 전화번호", "Call 0120-999-373.[1]")
        assert told.answer.draft.generator == "scripted:tiny"
        assert told.text.endswith(f"\n{SERVED_LANGUAGES['en']}")


class TestRepair:
    def test_a_statement_that_fails_is_written_again_in_its_place(self, ask):
        told = ask(EMAIL, "It takes 24 hours.[1] Wait for 99 hours.[1] See My Page.[4]", "Wait for 24 hours.[2]")
        assert told.text == "It takes 24 hours. [1] Wait for 24 hours. [2] See My Page. [3]"
        assert told.answer.draft.grounding == GroundingReport(checked=3, repaired=1)

    @pytest.mark.parametrize(
        ("failing", "fault"),
        [
            ("Wait for 99 hours.[1]", "a value that the cited lines do not hold"),
            ("It takes long.", "no number of an evidence line"),
            ("It takes long.[99]", "no evidence line of that number"),
        ],
    )
    def test_the_model_is_told_what_is_wrong(self, ask, failing, fault):
        told = ask(EMAIL, f"It takes 24 hours.[1] {failing}", "It may take longer.[7]")
        *_, sentence, wish = told.backend.asked[1]
        assert sentence["content"] == failing
        assert fault in wish["content"]
        assert "It may take longer. [2]" in told.text

    def test_a_step_keeps_its_number(self, ask):
        steps = "1. Open it.[1]\n2. Wait for 99 hours.[1]\n3. Read it.[4]"
        told = ask(EMAIL, f"It takes 24 hours.[1]\n{steps}", "2. Wait for 24 hours.[1]")
        assert told.text == "It takes 24 hours. [1]\n1. Open it. [1]\n2. Wait for 24 hours. [1]\n3. Read it. [2]"

    @pytest.mark.parametrize("again", ["Wait for 98 hours.[1]", "NO_ANSWER", "", BackendTooSlow("slow")])
    def test_what_fails_again_is_dropped(self, ask, again):
        told = ask(EMAIL, "It takes 24 hours.[1] Wait for 99 hours.[1] See My Page.[4]", again)
        assert told.text == "It takes 24 hours. [1] See My Page. [2]"
        assert told.answer.draft.grounding == GroundingReport(checked=3, dropped=1)

    def test_there_are_few_repairs(self, ask):
        failing = " ".join(f"Wait for {hours} hours.[1]" for hours in range(90, 98))
        told = ask(EMAIL, f"It takes 24 hours.[1] {failing}", *["Nothing.[99]"] * 8)
        assert len(told.backend.asked) == 1 + 3
        assert told.answer.draft.grounding == GroundingReport(checked=9, dropped=8)

    def test_there_is_none_from_a_model_that_broke_off(self, ask):
        told = ask(EMAIL, f"It takes 24 hours.[1] Wait for 99 hours.[1]{BREAK}", BackendBroken("gone"))
        assert len(told.backend.asked) == 1
        assert told.text == "It takes 24 hours. [1]"


class TestTheQuotedAnswer:
    @pytest.mark.parametrize("question", [PRIME, EMAIL, SUSPICIOUS])
    @pytest.mark.parametrize(
        "says", ["NO_ANSWER", "NO_ANSWER。", "「NO_ANSWER」", "", "...", "It is 77 hours, 0120-666-666.[1]", "Hello!"]
    )
    def test_stands_in_when_nothing_that_answers_is_left(self, ask, pipeline, question, says):
        told = ask(question, says, "")
        is_quoted(told, pipeline, question)
        assert told.answer.draft.generator == "extractive"

    @pytest.mark.parametrize("question", [PRIME, EMAIL, SUSPICIOUS])
    def test_stands_in_for_a_model_that_is_down_and_says_so(self, ask, pipeline, question):
        told = ask(question, BackendUnavailable("nothing answers there"))
        is_quoted(told, pipeline, question)
        assert told.answer.draft.generator == "extractive (scripted:tiny unavailable)"
        assert told.answer.draft.grounding == GroundingReport(fallback=True)

    def test_stands_in_when_the_model_breaks_off_before_anything_stands(self, ask, pipeline):
        told = ask(EMAIL, f"It takes about 24{BREAK}", BackendBroken("gone"))
        is_quoted(told, pipeline, EMAIL)
        assert told.answer.draft.generator == "extractive (scripted:tiny unavailable)"

    def test_stands_in_when_what_is_left_holds_no_value_of_the_kind_asked_for(self, ask, pipeline):
        told = ask(EMAIL, "You can see it in My Page.[4] Wait for 99 hours.[1]", "NO_ANSWER")
        is_quoted(told, pipeline, EMAIL)
        assert told.answer.draft.grounding == GroundingReport(checked=2, dropped=1, fallback=True)

    def test_a_refusal_never_reaches_the_model(self, ask):
        told = ask("How do I bake sourdough bread?")
        assert told.answer.draft.refusal
        assert told.backend.asked == []


class TestBreakingOff:
    def test_the_answer_ends_with_what_has_passed(self, ask):
        told = ask(EMAIL, f"It takes 24 hours.[1] See My Page.[4] And if{BREAK}", BackendBroken("gone"))
        assert told.text == "It takes 24 hours. [1] See My Page. [2]"
        assert told.answer.draft.generator == "scripted:tiny"

    def test_so_does_an_answer_that_is_too_long(self, ask):
        told = ask(EMAIL, f"It takes 24 hours.[1] It takes 2{BREAK}", BackendCutShort("400 tokens"))
        assert told.text == "It takes 24 hours. [1]"

    def test_steps_that_may_lack_the_last_ones_are_not_told(self, ask):
        told = ask(EMAIL, f"It takes 24 hours.[1]\n1. Open it.[1]\n2. Read it.[4]\n{BREAK}", BackendBroken("gone"))
        assert told.text == "It takes 24 hours. [1]"
        assert told.answer.draft.grounding == GroundingReport(checked=3, dropped=2)


class TestTelling:
    """What is told when: events as they come."""

    def until_first(self, written_by, question: str, text: Callable[[Sequence[Message]], str]) -> tuple[str, str]:
        """The first statement told, and how much of the model's text had been read by then."""
        read: list[str] = []

        class Counted(ScriptedBackend):
            async def stream(self, *asked):
                async with aclosing(super().stream(*asked)) as pieces:
                    async for piece in pieces:
                        read.append(piece)
                        yield piece

        async def first() -> str:
            async with aclosing(written_by(Counted(text)).events(question)) as events:
                async for event in events:
                    if isinstance(event, Stated):
                        return event.text
            raise AssertionError

        return asyncio.run(first()), "".join(read)

    def test_a_statement_is_told_before_the_model_has_finished(self, written_by):
        stated, read = self.until_first(written_by, EMAIL, lambda _: "It takes 24 hours.[1] See My Page.[4] Bye.[1]")
        assert stated == "It takes 24 hours. [1]"
        assert "Bye" not in read

    def test_nothing_is_told_before_what_has_passed_answers(self, written_by):
        stated, read = self.until_first(written_by, EMAIL, lambda _: "See My Page.[4] It takes 24 hours.[1] Bye.[1]")
        assert stated == "See My Page. [1]"
        assert "24 hours.[1] B" in read

    def test_steps_are_told_when_the_list_is_over(self, written_by):
        text = "1. 不点击。[3]\n2. 举报。[7]\n完。[1]\n好。[1]"
        stated, read = self.until_first(written_by, SUSPICIOUS, lambda _: text)
        assert stated == "1. 不点击。 [1]"
        assert "完" in read

    def test_closing_the_events_stops_the_model(self, written_by):
        backend = ScriptedBackend("It takes 24 hours.[1] " + "See My Page.[4] " * 50)

        async def leave() -> int:
            async with aclosing(written_by(backend).events(EMAIL)) as events:
                async for event in events:
                    if isinstance(event, Stated):
                        break
            return backend.closed

        assert asyncio.run(leave()) == 1

    def test_the_whole_answer_is_the_one_that_the_events_end_in(self, written_by):
        says = "It takes 24 hours.[1] See My Page.[4]"
        answer = asyncio.run(written_by(ScriptedBackend(says)).written(EMAIL))
        assert answer.draft.text == "It takes 24 hours. [1] See My Page. [2]"

    def test_without_a_writer_it_is_the_quoted_one(self, pipeline):
        assert asyncio.run(pipeline.written(EMAIL)).draft == pipeline.answer(EMAIL).draft


class TestSteps:
    def test_a_list_that_lost_a_step_is_given_up(self, ask, pipeline):
        text = "步骤如下。[2]\n1. 不点击链接。[3]\n2. 等99小时。[4]\n3. 举报。[7]"
        told = ask(SUSPICIOUS, text, "NO_ANSWER")
        is_quoted(told, pipeline, SUSPICIOUS)
        assert told.answer.draft.grounding == GroundingReport(checked=4, dropped=3, fallback=True)

    def test_a_whole_list_is_told(self, ask):
        told = ask(SUSPICIOUS, "步骤如下。[2]\n1. 不点击链接。[3]\n2. 举报。[7]")
        assert told.text == "步骤如下。 [1]\n1. 不点击链接。 [2]\n2. 举报。 [3]"


class TestCaveats:
    CAVEAT = "24時間対応の電話番号は、地域によって異なるとする案内もあります。"
    MAKE_SURE = "最新の電話番号は、公式ヘルプページで確認してください。"
    NUMBER = ("番号は0120-899-543です。", "電話番号の一覧では、プライム会員向けの電話番号は")

    def test_what_the_model_leaves_out_is_added(self, ask):
        told = ask(PRIME, sentences(self.NUMBER))
        assert told.text == f"番号は0120-899-543です。 [1] {self.CAVEAT} [2] {self.MAKE_SURE} [3]"
        assert told.quotes[1:] == [self.CAVEAT, self.MAKE_SURE]

    def test_what_the_model_tells_itself_is_not_told_twice(self, ask):
        told = ask(
            PRIME,
            sentences(
                self.NUMBER,
                ("24時間対応かは地域で違うとの案内もあります。", self.CAVEAT),
                ("公式ヘルプページでご確認ください。", self.MAKE_SURE),
            ),
        )
        assert self.CAVEAT not in told.text
        assert self.MAKE_SURE not in told.text
        assert len(told.answer.draft.citations) == 3

    def test_a_citation_beside_another_is_not_enough(self, ask):
        told = ask(
            PRIME,
            lambda messages: (
                "番号は0120-899-543です。"
                f"[{number_of(messages, self.NUMBER[1])}][{number_of(messages, self.MAKE_SURE)}]"
            ),
        )
        assert f"{self.MAKE_SURE} [2]" in told.text

    def test_both_sides_of_a_disagreement_are_kept_and_point_to_their_citations(self, pipeline_over):
        pages = {
            "now.md": "# 予約\n\n予約した本の取置き期間は7日間です。\n",
            "old.md": "# お知らせ\n\n予約した本の取置き期間は10日間です。\n",
        }
        opened = pipeline_over(pages)
        backend = ScriptedBackend(sentences(("本は10日間取り置きます。", "10日間")))
        pipeline = unlisted(opened, writer_of(backend))
        question = "予約した本の取置き期間は？"
        assert len(opened.answer(question).draft.conflicts) == 1
        draft = asyncio.run(pipeline.written(question)).draft
        assert draft.text == "本は10日間取り置きます。 [1] 予約した本の取置き期間は7日間です。 [2]"
        [conflict] = draft.conflicts
        assert {value.citation: value.text for value in conflict.values} == {
            1: "予約した本の取置き期間は10日間です。", 2: "予約した本の取置き期間は7日間です。",
        }  # fmt: skip

    def test_what_has_no_translation_is_quoted_inside_the_answer_s_language(self, pipeline_over):
        page = "# 電話\n\n電話番号は0120-111-222です。最新の電話番号は、公式ヘルプページで確認してください。\n"
        opened = pipeline_over({"phone.md": page})
        backend = ScriptedBackend(sentences(("Call 0120-111-222.", "0120-111-222")))
        pipeline = unlisted(opened, writer_of(backend))
        text = asyncio.run(pipeline.written("電話番号は？", "en")).draft.text
        assert text == (
            "Call 0120-111-222. [1] The source, which is in Japanese, says: "
            "「最新の電話番号は、公式ヘルプページで確認してください。」 [2]"
        )


def test_the_prompt_shows_evidence_in_the_language_of_the_answer(ask):
    told = ask(EMAIL, "NO_ANSWER", language="ja")
    shown = evidence_of(told.backend.asked[0])
    assert "メール" in shown[1]
    assert "日本語" in told.backend.asked[0][0]["content"]


def test_a_side_of_a_disagreement_from_a_section_that_was_not_found_is_told_too(shipped_index, shipped_embedder):
    question = "夜中のトラブルもすぐ解決してもらえますか"
    writer = writer_of(ScriptedBackend("夜間も相談できます。[1]"))
    pipeline = Pipeline.open(shipped_index, shipped_embedder, "en", writer)
    quoted = pipeline.answer(question)
    unfound = {one.chunk_id for one in quoted.draft.citations} - {hit.chunk.chunk_id for hit in quoted.hits}
    assert unfound
    told = asyncio.run(pipeline.written(question)).draft
    assert unfound <= {one.chunk_id for one in told.citations}
    assert [len(conflict.values) for conflict in told.conflicts] == [len(one.values) for one in quoted.draft.conflicts]
