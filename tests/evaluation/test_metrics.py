"""Answers written to fool the figures, each built by hand: what is wrong must cost, what is right must not."""

from collections.abc import Sequence

import pytest
from rows import (
    ALL_DAY,
    CHANGES,
    DOMAIN,
    INQUIRIES,
    OFFICE_HOURS,
    PAGE,
    RETURNS,
    SENTENCES,
    TEXT,
    answer,
    cite,
    conflict,
    need_of,
    refusal,
    source_text,
)

from rag_support.evaluation.dataset import GoldSpan, Need
from rag_support.evaluation.metrics import (
    METRICS,
    Judged,
    folded,
    has_phrase,
    is_right,
    judge,
    judge_rejected,
    overlaps,
    written_language,
)
from rag_support.evaluation.risk import area_under, risk_coverage
from rag_support.service.schemas import AnswerResponse, CitationResponse

PROMISES = [name for name, metric in METRICS.items() if metric.promise]


def gold(*quotes: str) -> list[dict[str, str]]:
    return [{"document": PAGE, "quote": quote} for quote in quotes]


def value_need(value: str, *quotes: str) -> Need:
    return need_of(gold=gold(*quotes), required=[{"value": [value]}])


def judged(need: Need, language: str, response: AnswerResponse) -> Judged:
    return judge(need, language, response, source_text)


def scores_of(need: Need, language: str, text: str, *citations: CitationResponse) -> dict[str, float | None]:
    return judged(need, language, answer(text, *citations)).scores


# ---- values --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "quote", "language", "text"),
    [
        ("24時間", ALL_DAY, "ja", "電話の受付時間は24時間です。"),
        ("24時間", ALL_DAY, "ja", "電話の受付時間は２４時間です。"),
        ("24時間", ALL_DAY, "ja", "電話の受付は二十四時間です。"),
        ("24時間", ALL_DAY, "en", "The phone line is open 24 hours a day."),
        ("24時間", ALL_DAY, "en", "The phone line is open twenty-four hours."),
        ("24時間", ALL_DAY, "zh", "电话服务为24小时。"),
        ("24時間", ALL_DAY, "zh", "电话服务为二十四小时。"),
        ("5,600万", INQUIRIES, "en", "There are 56 million inquiries."),
        ("5,600万", INQUIRIES, "en", "There are 56,000,000 inquiries."),
        ("5,600万", INQUIRIES, "zh", "咨询有5600万件。"),
        ("6:00〜24:00", CHANGES, "ja", "変更は6:00から0:00まで受け付けます。"),
        ("6:00〜24:00", CHANGES, "en", "Changes are accepted from 6 a.m. to midnight."),
        ("amazon.co.jp", DOMAIN, "en", "Genuine mail comes from AMAZON.CO.JP."),
    ],
)
def test_a_value_counts_however_it_is_written(value: str, quote: str, language: str, text: str) -> None:
    scores = scores_of(value_need(value, quote), language, f"{text} [1]", cite(1, quote))
    assert (scores["fact_recall"], scores["full_answer"], scores["value_fidelity"]) == (1, 1, 1)
    assert [scores[promise] for promise in PROMISES] == [1, 1, 1]


@pytest.mark.parametrize(
    ("value", "quote", "text", "altered"),
    [
        ("24時間", ALL_DAY, "The phone line is open 23 hours.", "1380"),
        ("5,600万", INQUIRIES, "There are 56 thousand inquiries.", "56000"),
        ("5,600万", INQUIRIES, "There are 5.6 million inquiries.", "5600000"),
        ("6:00〜24:00", CHANGES, "Changes are accepted from 6:00 to 23:00.", "23:00"),
        ("30日", RETURNS, "Returns are possible within 30 months.", "30"),
        ("amazon.co.jp", DOMAIN, "Genuine mail comes from amazon.jp.", "amazon.jp"),
        ("amazon.co.jp", DOMAIN, "Genuine mail comes from amazon.co.jp.example.com.", "amazon.co.jp.example.com"),
    ],
)
def test_an_altered_value_is_no_fact_and_breaks_a_promise(value: str, quote: str, text: str, altered: str) -> None:
    found = judged(value_need(value, quote), "en", answer(f"{text} [1]", cite(1, quote)))
    assert (found.scores["full_answer"], found.scores["value_fidelity"]) == (0, 0)
    assert f"value not in what it cites: {altered}" in found.missed
    assert f"not shown: {value}" in found.missed


def test_a_right_value_with_a_wrong_citation_is_not_shown() -> None:
    scores = scores_of(value_need("24時間", ALL_DAY), "en", "The line is open 24 hours. [1]", cite(1, RETURNS))
    assert (scores["full_answer"], scores["value_fidelity"]) == (0, 0)
    assert (scores["citation_precision"], scores["citation_recall"]) == (0, 0)
    assert scores["citation_valid"] == 1


def test_a_value_may_not_borrow_the_citation_of_another_statement() -> None:
    text = "The line is open 24 hours. [1] Returns are possible. [2]"
    scores = scores_of(value_need("24時間", ALL_DAY), "en", text, cite(1, RETURNS), cite(2, ALL_DAY))
    assert (scores["full_answer"], scores["value_fidelity"]) == (0, 0)


@pytest.mark.parametrize(
    "text",
    ["The line is open 24 hours.", "See below. [1] It is 24 hours.", "It is 24 hours.\nSee: [1]", "24 hours [7]"],
)
def test_an_uncited_value_is_caught(text: str) -> None:
    scores = scores_of(value_need("24時間", ALL_DAY), "en", text, cite(1, ALL_DAY))
    assert (scores["full_answer"], scores["value_fidelity"]) == (0, 0)


def test_the_number_of_a_step_is_no_value() -> None:
    text = "1. Call us. [1]\n2. Say that you want to return it. [1]"
    assert scores_of(need_of("how_to", gold=gold(RETURNS)), "en", text, cite(1, RETURNS))["value_fidelity"] == 1


def test_a_range_needs_both_ends() -> None:
    need = value_need("6:00〜24:00", CHANGES)
    assert scores_of(need, "en", "Changes are accepted from 6:00. [1]", cite(1, CHANGES))["full_answer"] == 0
    assert scores_of(need, "en", "From 6:00 [1]\nuntil 24:00 [1]", cite(1, CHANGES))["full_answer"] == 1


def test_one_alternative_is_enough() -> None:
    need = need_of(gold=gold(RETURNS), required=[{"value": ["31日", "30日"]}])
    assert scores_of(need, "en", "Within 30 days. [1]", cite(1, RETURNS))["full_answer"] == 1


def test_every_required_fact_counts() -> None:
    need = need_of(
        gold=gold(ALL_DAY, RETURNS, DOMAIN), required=[{"value": [v]} for v in ("24時間", "30日", "amazon.co.jp")]
    )
    text = "Open 24 hours. [1] Returns within 30 days. [2]"
    scores = scores_of(need, "en", text, cite(1, ALL_DAY), cite(2, RETURNS))
    assert scores["fact_recall"] == (1 + 1 + 0) / 3
    assert scores["full_answer"] == 0
    assert scores["citation_recall"] == (1 + 1 + 0) / 3


# ---- phrases -------------------------------------------------------------------------------------------------------

FREE = "電話は無料です。"


def phrase_need(**phrases: str) -> Need:
    facts = {"ja": ["無料"], "en": ["free of charge"], "zh": ["免费"]} | {tag: [text] for tag, text in phrases.items()}
    return need_of("yes_no", gold=gold(FREE), required=[facts])


@pytest.mark.parametrize(
    ("language", "text", "shown"),
    [
        ("ja", "電話は無料です。", 1),
        ("ja", "電話は有料です。", 0),
        ("zh", "电话是免费的。", 1),
        ("zh", "電話是免費的。", 1),
        ("en", "Calls are Free of\u3000Charge.", 1),
        ("en", "Calls are ＦＲＥＥ of charge.", 1),
        ("en", "Calls cost.", 0),
        ("en", "电话是免费的。", 0),  # the phrase of another language
    ],
)
def test_a_phrase_of_the_askers_language_shows_a_fact(language: str, text: str, shown: int) -> None:
    scores = scores_of(phrase_need(), language, f"{text} [1]", cite(1, FREE))
    assert (scores["fact_recall"], scores["full_answer"]) == (shown, shown)


@pytest.mark.parametrize(
    ("phrase", "text", "shown"),
    [
        ("app", "Use the app.", 1),
        ("app", "It does not happen.", 0),
        ("app", "Several apps exist.", 1),
        ("app", "Use the「app」.", 1),
        ("won't", "It won’t work.", 1),
        ("24/7", "Open 124/7.", 0),
        ("(free)", "(Free)!", 1),
        ("a.b", "axb", 0),
    ],
)
def test_a_latin_phrase_must_begin_a_word(phrase: str, text: str, shown: int) -> None:
    assert has_phrase(folded(text, "en"), folded(phrase, "en")) == bool(shown)
    assert scores_of(phrase_need(en=phrase), "en", f"{text} [1]", cite(1, FREE))["full_answer"] == shown


def test_phrases_of_chinese_match_in_either_script() -> None:
    assert scores_of(phrase_need(zh="免費"), "zh", "电话是免费的。 [1]", cite(1, FREE))["full_answer"] == 1


def test_a_phrase_may_not_run_over_a_citation_number() -> None:
    assert scores_of(phrase_need(), "en", "Calls are free [1] of charge. [1]", cite(1, FREE))["full_answer"] == 1
    assert scores_of(phrase_need(en="free 1"), "en", "Calls are free [1]", cite(1, FREE))["full_answer"] == 0


@pytest.mark.parametrize(
    ("text", "reviewed", "shown"),
    [
        ("The source, which is in Japanese, says: 「電話は無料です。」 [1]", False, 1),
        ("The source, which is in Japanese, says: 「電話は無料です。」 [1]", True, 0),  # then English was to be had
        ("Please read what the source says. [1]", False, 0),  # cited, but not said
        ("「電話は無料です。」", False, 0),  # said, but not cited
    ],
)
def test_the_quoted_japanese_shows_a_fact_only_where_no_translation_exists(
    text: str, reviewed: bool, shown: int
) -> None:
    assert scores_of(phrase_need(), "en", text, cite(1, FREE, reviewed=reviewed))["full_answer"] == shown


# ---- citations -----------------------------------------------------------------------------------------------------


def test_a_whole_page_cited_as_one_quote_points_at_nothing() -> None:
    scores = scores_of(value_need("24時間", ALL_DAY), "en", "Open 24 hours a day. [1]", cite(1, "\n".join(SENTENCES)))
    assert (scores["full_answer"], scores["citation_precision"], scores["citation_recall"]) == (1, 0, 0)


def test_a_page_poured_out_shows_the_fact_but_loses_precision() -> None:
    citations = [cite(number, quote) for number, quote in enumerate(SENTENCES, start=1)]
    text = " ".join(f"{quote} [{number}]" for number, quote in enumerate(SENTENCES, start=1))
    scores = scores_of(value_need("24時間", ALL_DAY), "ja", text, *citations)
    assert (scores["full_answer"], scores["citation_recall"], scores["value_fidelity"]) == (1, 1, 1)
    assert scores["citation_precision"] == 1 / len(SENTENCES)
    assert scores["answer_chars"] == len("\n".join(SENTENCES))


def test_related_places_are_precise_but_no_answer() -> None:
    need = need_of(gold=gold(ALL_DAY), related=gold(OFFICE_HOURS), required=[{"value": ["24時間"]}])
    text = "電話には案内があります。 [1] 返品もできます。 [2]"
    scores = scores_of(need, "ja", text, cite(1, OFFICE_HOURS), cite(2, RETURNS))
    assert (scores["citation_precision"], scores["citation_recall"]) == (1 / 2, 0)


def test_a_fact_must_be_cited_where_the_sources_state_it() -> None:
    """Of two gold places one states the value: the other is a right citation, but not the fact's."""
    need = value_need("24時間", ALL_DAY, RETURNS)
    scores = scores_of(need, "ja", "返品できます。 [1]", cite(1, RETURNS))
    assert (scores["citation_precision"], scores["citation_recall"]) == (1, 0)
    assert scores_of(need, "ja", "電話できます。 [1]", cite(1, ALL_DAY))["citation_recall"] == 1


def test_a_fact_that_no_gold_quote_states_is_cited_at_any_of_them() -> None:
    need = value_need("7日", ALL_DAY, RETURNS)
    assert scores_of(need, "ja", "返品できます。 [1]", cite(1, RETURNS))["citation_recall"] == 1


def test_a_need_without_required_facts_has_no_figure_of_facts() -> None:
    need = need_of("explain", gold=gold(ALL_DAY), related=gold(OFFICE_HOURS))
    scores = scores_of(need, "ja", "電話できます。 [1]", cite(1, ALL_DAY))
    assert (scores["fact_recall"], scores["full_answer"]) == (None, None)
    assert (scores["citation_recall"], scores["citation_precision"]) == (1, 1)
    for elsewhere in (RETURNS, OFFICE_HOURS):
        assert scores_of(need, "ja", "返品できます。 [1]", cite(1, elsewhere))["citation_recall"] == 0
    refused = judged(need, "ja", refusal("申し訳ございません。")).scores
    assert (refused["fact_recall"], refused["full_answer"], refused["citation_recall"]) == (None, None, 0)


@pytest.mark.parametrize(
    ("cited", "wanted", "same"),
    [
        ("- 注文番号", "注文番号", True),
        ("3. 番号を押します。", "1. 番号を押します。", True),
        ("| 本 | 14日 |", "本 | 14日", True),
        ("| 本 | 14日 |", "|本|14日|", True),
        ("電話は無料です。返品もできます。", "返品もできます。", True),
        ("返品もできます。", "電話は無料です。返品もできます。", True),
        ("電話は無料です。", "返品もできます。", False),
        ("", "返品もできます。", False),
        ("- ", "返品もできます。", False),
    ],
)
def test_a_citation_is_at_a_place_that_it_holds_or_is_held_by(cited: str, wanted: str, same: bool) -> None:
    assert overlaps(cite(1, cited), GoldSpan(document=PAGE, quote=wanted)) == same


def test_the_same_words_in_another_document_are_another_place() -> None:
    assert not overlaps(cite(1, ALL_DAY, document="guide/other.md"), GoldSpan(document=PAGE, quote=ALL_DAY))


def test_a_quote_shifted_by_one_character_is_caught() -> None:
    right = cite(1, ALL_DAY)
    shifted = right.model_copy(update={"start": right.start + 1, "end": right.end + 1})
    text = f"{ALL_DAY} [1]"
    assert scores_of(value_need("24時間", ALL_DAY), "ja", text, right)["citation_valid"] == 1
    found = judged(value_need("24時間", ALL_DAY), "ja", answer(text, shifted))
    assert found.scores["citation_valid"] == 0
    assert found.missed == ("quote [1] is not its source's text",)


def test_a_quote_of_a_source_that_says_something_else_is_caught() -> None:
    forged = cite(1, ALL_DAY).model_copy(update={"quote": ALL_DAY.replace("24", "25")})
    scores = scores_of(value_need("25時間", ALL_DAY), "ja", "電話は25時間です。 [1]", forged)
    assert (scores["citation_valid"], scores["value_fidelity"]) == (0, 1)


def test_an_answer_that_cites_nothing_breaks_the_promise() -> None:
    scores = scores_of(value_need("24時間", ALL_DAY), "ja", "電話できます。")
    assert (scores["citation_valid"], scores["citation_precision"], scores["citation_recall"]) == (0, 0, 0)


# ---- the asker's language ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "question", "text", "right"),
    [
        ("ja", "電話番号は？", "電話は24時間です。 [1]", 1),
        ("ja", "電話番号は？", "Open 24 hours a day. [1]", 0),
        ("en", "Phone?", "Open 24 hours. [1]\nEvery day. [1]\nAlso at night. [1]", 1),
        ("en", "Phone?", "Open 24 hours. [1]\n毎日です。 [1]\nAlso at night. [1]", 0),  # one statement of three
        ("zh", "电话？", "电话服务为24小时。 [1]", 1),
        ("zh", "电话？", "電話服務為24小時。 [1]", 0),
        ("zh", "電話？", "電話服務為24小時。 [1]", 1),
        ("zh", "電話？", "电话服务为24小时。 [1]", 0),
        ("ja", "電話番号は？", "- 注文履歴 [1]\n- 電話番号 [1]", 1),  # labels of kanji alone
        (
            "en",
            "Phone?",
            "The source says: 「電話の受付時間は24時間です。」 [1]",
            1,
        ),  # quoted, for want of a translation
        ("zh", "电话？", "以下为日语原文：\n「電話の受付時間は24時間です。」 [1]", 1),
    ],
)
def test_every_statement_must_be_in_the_askers_language(language: str, question: str, text: str, right: int) -> None:
    need = need_of("explain", gold=gold(ALL_DAY), questions={language: question})
    assert scores_of(need, language, text, cite(1, ALL_DAY))["answer_language"] == right


def test_the_statement_in_another_language_is_named() -> None:
    response = answer("Open 24 hours. [1]\n毎日です。 [1]", cite(1, ALL_DAY))
    assert judged(value_need("24時間", ALL_DAY), "en", response).missed == ("not in the asker's language: 毎日です。",)


def test_a_question_in_no_language_is_answered_in_any() -> None:
    need = need_of("far_domain", questions={"en": "👍", "ja": "👍"}, no_language=["en"])
    assert judged(need, "en", refusal("申し訳ございません。")).scores["answer_language"] is None
    assert judged(need, "ja", refusal("Sorry, I cannot say.")).scores["answer_language"] == 0


def test_the_written_language_is_that_of_the_question() -> None:
    assert [written_language("電話？", tag) for tag in ("ja", "en", "zh")] == ["ja", "en", "zh-Hant"]
    assert written_language("电话？", "zh") == written_language("取消", "zh") == "zh-Hans"


# ---- refusals ------------------------------------------------------------------------------------------------------


def test_a_false_refusal_shows_nothing() -> None:
    found = judged(value_need("24時間", ALL_DAY), "en", refusal("Sorry, the guide does not say."))
    figures = {name: value for name, value in found.scores.items() if value is not None}
    assert figures == {
        "false_refusal": 1, "fact_recall": 0, "full_answer": 0, "citation_recall": 0, "answer_language": 1,
    }  # fmt: skip
    assert found.missed == ("refused, though the sources answer",)
    assert not is_right(found.scores)


@pytest.mark.parametrize("kind", ["near_domain", "far_domain", "hostile"])
def test_a_right_refusal_is_judged_as_one(kind: str) -> None:
    found = judged(need_of(kind), "en", refusal("Sorry, the guide does not say."))
    figures = {name: value for name, value in found.scores.items() if value is not None}
    assert figures == {"refused": 1, f"refused_{kind}": 1, "answer_language": 1}
    assert found.missed == ()
    assert is_right(found.scores)


def test_an_answer_to_what_the_sources_do_not_say_is_wrong_but_its_promises_still_hold() -> None:
    found = judged(need_of("near_domain"), "en", answer("Open 24 hours. [1]", cite(1, ALL_DAY)))
    assert (found.scores["refused"], found.scores["refused_near_domain"], found.scores["false_refusal"]) == (0, 0, None)
    assert [found.scores[promise] for promise in PROMISES] == [1, 1, 1]
    assert found.missed == ("answered, though the sources do not say",)
    assert not is_right(found.scores)


@pytest.mark.parametrize("kind", ["value", "explain", "contradiction", "near_domain"])
def test_a_question_turned_away_counts_as_a_refusal_does(kind: str) -> None:
    facts = {"required": [{"value": ["24"]}]} if kind != "explain" else {}
    need = need_of(kind) if kind == "near_domain" else need_of(kind, gold=gold(ALL_DAY), **facts)
    refused = judged(need, "en", refusal("Sorry.")).scores
    assert judge_rejected(need).scores == {**refused, "answer_language": None}  # for nothing was said


def test_the_report_tells_which_answerable_question_was_turned_away() -> None:
    assert judge_rejected(value_need("24時間", ALL_DAY)).missed == (
        "turned away as unusable, though the sources answer",
    )
    assert judge_rejected(need_of("hostile")).missed == ()


# ---- contradictions ------------------------------------------------------------------------------------------------

BOTH = "Open 24 hours. [1]\nAnother page says 9:00–17:00. [2]"
CITED = (cite(1, ALL_DAY), cite(2, OFFICE_HOURS))


def sides() -> Need:
    required = [{"value": ["24時間"]}, {"value": ["9:00〜17:00"]}]
    return need_of("contradiction", gold=gold(ALL_DAY, OFFICE_HOURS), required=required)


def test_one_side_alone_does_not_show_a_contradiction() -> None:
    found = judged(sides(), "en", answer("Open 24 hours. [1]", CITED[0]))
    assert (found.scores["fact_recall"], found.scores["citation_recall"]) == (1 / 2, 1 / 2)
    assert (found.scores["conflict_shown"], found.scores["conflict_listed"]) == (0, 0)
    assert found.missed == ("not shown: 9:00〜17:00", "contradiction not listed in conflicts")


@pytest.mark.parametrize(
    ("conflicts", "listed"),
    [([], 0), ([conflict(("24 hours", 1))], 0), ([conflict(("24 hours", 1), ("9:00–17:00", 2))], 1)],
)
def test_a_contradiction_may_be_shown_and_not_listed(conflicts: list[object], listed: int) -> None:
    scores = judged(sides(), "en", answer(BOTH, *CITED, conflicts=conflicts)).scores  # type: ignore[arg-type]
    assert (scores["conflict_shown"], scores["conflict_listed"]) == (1, listed)
    assert scores["false_conflict"] is None


def test_a_contradiction_may_be_listed_and_not_shown() -> None:
    listed = conflict(("24 hours", 1), ("9:00–17:00", 2))
    scores = judged(sides(), "en", answer("The pages disagree. [1] [2]", *CITED, conflicts=[listed])).scores
    assert (scores["conflict_shown"], scores["conflict_listed"]) == (0, 1)


def test_a_refused_contradiction_is_neither_shown_nor_listed() -> None:
    scores = judged(sides(), "en", refusal("Sorry.")).scores
    assert (scores["conflict_shown"], scores["conflict_listed"]) == (0, 0)


@pytest.mark.parametrize(
    ("quotes", "listed", "false_alarm"),
    [
        ([ALL_DAY], True, 0),  # what is said against the place that answers
        ([ALL_DAY], False, 0), ([OFFICE_HOURS], True, 0), ([FREE], True, 1), ([FREE], False, 0),
    ],
)  # fmt: skip
def test_a_conflict_that_is_not_about_what_answers_is_a_false_alarm(
    quotes: list[str], listed: bool, false_alarm: int
) -> None:
    conflicts = [conflict(("24 hours", 1), ("9:00–17:00", 2))] if listed else []
    scores = judged(value_need("24時間", *quotes), "en", answer(BOTH, *CITED, conflicts=conflicts)).scores
    assert scores["false_conflict"] == false_alarm
    assert scores["conflict_listed"] is None


# ---- all figures ---------------------------------------------------------------------------------------------------


def test_every_figure_but_the_length_is_a_share() -> None:
    for response in (answer(BOTH, *CITED), answer(TEXT), answer(""), refusal("Sorry.")):
        for need in (sides(), value_need("24時間", ALL_DAY), need_of("hostile")):
            scores = judged(need, "en", response).scores
            assert list(scores) == list(METRICS)
            assert all(0 <= value <= 1 for name, value in scores.items() if value is not None and METRICS[name].share)


def test_judging_looks_nothing_up_but_the_source() -> None:
    """The same response gives the same figures, and is left as it was."""
    response = answer(BOTH, *CITED)
    before = response.model_dump()
    assert judged(sides(), "en", response) == judged(sides(), "en", response)
    assert response.model_dump() == before


# ---- risk and coverage ---------------------------------------------------------------------------------------------


def test_risk_and_coverage_by_hand() -> None:
    rows = [
        (0.9, True, True),
        (0.8, True, False),  # two of equal confidence come in together
        (0.8, True, True),
        (0.5, True, False),
        (0.7, False, True),  # refused: part of all questions, never answered
    ]
    curve = risk_coverage(rows)
    assert curve == [(1 / 5, 0 / 1), (3 / 5, 1 / 3), (4 / 5, 2 / 4)]
    assert area_under(curve) == pytest.approx((0 * 1 / 5 + 1 / 3 * 2 / 5 + 1 / 2 * 1 / 5) / (4 / 5))


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2]])
def test_equal_confidence_makes_one_point_in_whatever_order(order: Sequence[int]) -> None:
    rows = [(0.5, True, True), (0.5, True, False), (0.5, True, True), (0.5, True, False)]
    assert risk_coverage([rows[place] for place in order]) == [(4 / 4, 2 / 4)]


def test_where_nothing_is_answered_there_is_no_curve_and_no_area() -> None:
    assert risk_coverage([]) == risk_coverage([(0.9, False, True)]) == []
    assert area_under([]) == 0


def test_what_counts_as_a_right_end() -> None:
    nothing: dict[str, float | None] = dict.fromkeys(METRICS)
    assert is_right({**nothing, "false_refusal": 0, "full_answer": 1})
    assert not is_right({**nothing, "false_refusal": 0, "full_answer": 0, "fact_recall": 0.5})
    assert is_right({**nothing, "false_refusal": 0})  # no required facts, and answered
    assert not is_right({**nothing, "false_refusal": 1})
    assert is_right({**nothing, "refused": 1})
    assert not is_right({**nothing, "refused": 0})
