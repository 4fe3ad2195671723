"""The page's conversations, and answers that are shown while they come: a real browser, a real server."""

import json
import re

import pytest
from playwright.sync_api import Page, Route, expect
from running import wait_until
from streams import events_of, stream_of
from writers import QuotingWriter, never_going_on

pytestmark = pytest.mark.browser

TOPIC, HALF = "電話の受付時間を教えてください", "夜は？"
QUESTION = "How can I return an item?"
ANEW = {"ja": "新しい会話を始める", "en": "New conversation", "zh": "开始新对话"}


def ask(page: Page, question: str) -> None:
    page.fill("#question", question)
    page.click("#send")
    expect(page.locator("#result .asked")).to_have_text(question)
    expect(page.locator("#result")).to_have_attribute("aria-busy", "false")


def sent_by(page: Page) -> list[dict]:
    """What the page asks from now on."""
    bodies: list[dict] = []
    page.on("request", lambda request: bodies.append(request.post_data_json) if request.method == "POST" else None)
    return bodies


def test_a_half_question_is_understood_from_the_ones_before_it(open_page, client):
    page = open_page()
    ask(page, TOPIC)
    ask(page, HALF)
    asked = {"question": HALF, "conversation": [{"question": TOPIC}]}
    expected = client.post("/v1/answers", json=asked).json()
    assert not expected["abstained"]
    expect(page.locator("#sources li")).to_have_count(len(expected["citations"]))
    assert client.post("/v1/answers", json={"question": HALF}).json()["citations"] != expected["citations"]


def test_earlier_questions_are_shown_with_their_answers_and_citations_the_last_one_first(open_page):
    page = open_page()
    expect(page.locator("#earlier")).to_be_hidden()
    ask(page, TOPIC)
    expect(page.locator("#earlier")).to_be_hidden()
    ask(page, HALF)
    ask(page, QUESTION)
    turns = page.locator("#earlier .turns > li")
    assert [turn.locator(".asked").inner_text() for turn in turns.all()] == [HALF, TOPIC]
    expect(turns.nth(1).locator("div")).to_have_attribute("lang", "ja")
    turns.nth(1).locator("button.citation").first.click()
    expect(page.locator("#citation-panel .pair blockquote[lang=ja]")).to_be_visible()


def test_the_earlier_ones_can_be_scrolled_from_the_keyboard(open_page):
    page = open_page()
    for question in (TOPIC, QUESTION, "怎么退货？", "How do I recognise a fake e-mail?"):
        ask(page, question)
    turns = page.locator("#earlier .turns")
    expect(turns).to_have_accessible_name("Earlier in this conversation")
    assert turns.evaluate("list => list.scrollHeight > list.clientHeight")
    turns.focus()
    page.keyboard.press("End")
    wait_until(lambda: turns.evaluate("list => list.scrollTop") > 0, "the list to scroll")


def test_a_question_asked_again_takes_the_place_of_its_own(open_page):
    page = open_page()
    bodies = sent_by(page)
    ask(page, TOPIC)
    ask(page, QUESTION)
    page.locator("input[name=language][value=zh]").check(force=True)
    ask(page, TOPIC)
    assert [body["conversation"] for body in bodies] == [[], [{"question": TOPIC}], [{"question": QUESTION}]]


def test_ten_earlier_questions_at_most_are_sent_and_no_more_than_a_request_may_hold(open_page):
    page = open_page()
    page.route("**/v1/answers", lambda route: route.fulfill(json=ANSWER))
    bodies = sent_by(page)
    for number in range(13):
        ask(page, f"question {number}")
    assert [turn["question"] for turn in bodies[-1]["conversation"]] == [f"question {n}" for n in range(2, 12)]
    for number in range(10):
        ask(page, f"{number}{'電' * 1_999}")
    assert len(bodies[-1]["conversation"]) < 9
    assert len(json.dumps(bodies[-1], ensure_ascii=False).encode()) < 64 * 1024


@pytest.mark.parametrize("language", ANEW)
def test_a_new_conversation_forgets_the_old_one(open_page, language):
    page = open_page(locale=language)
    button = page.locator("#new-conversation")
    expect(button).to_be_hidden()
    bodies = sent_by(page)
    ask(page, TOPIC)
    ask(page, QUESTION)
    expect(button).to_have_text(ANEW[language])
    button.focus()
    page.keyboard.press("Enter")
    for gone in ("#earlier", "#answer", "#sources", "#passages", "#meta", "#new-conversation"):
        expect(page.locator(gone)).to_be_hidden()
    expect(page.locator("#intro")).to_be_visible()
    expect(page.locator("#question")).to_be_focused()
    expect(page.locator("#question")).to_have_value("")
    assert page.evaluate("location.search") == ""
    ask(page, HALF)
    assert bodies[-1]["conversation"] == []


def test_a_reload_keeps_what_the_question_leans_on(open_page):
    page = open_page()
    ask(page, TOPIC)
    ask(page, HALF)
    sources = page.locator("#sources").inner_text()
    page.reload()
    expect(page.locator("#sources")).to_have_text(re.compile(".*".join(map(re.escape, sources.split())), re.DOTALL))
    expect(page.locator("#earlier .turns .asked")).to_have_text(TOPIC)


def test_a_question_that_was_refused_by_the_server_is_no_part_of_the_conversation(open_page):
    page = open_page(expected="422")
    bodies = sent_by(page)
    page.fill("#question", "hours\u202e?")
    page.click("#send")
    expect(page.locator("#error")).to_be_visible()
    ask(page, QUESTION)
    assert bodies[-1]["conversation"] == []


def test_sentences_are_shown_as_they_come_and_cancelling_stops_the_rest(open_page, served):
    writer = QuotingWriter(then=never_going_on)
    page = open_page(at=served(writer))
    page.fill("#question", QUESTION)
    page.click("#send")
    expect(page.locator("#answer-text button.citation")).to_have_count(1)
    expect(page.locator("#result")).to_have_attribute("aria-busy", "true")
    expect(page.locator("#passages li.passage")).to_have_count(10)
    assert not writer.closed.is_set()
    page.click("#cancel")
    wait_until(writer.closed.is_set, "the writing to stop")
    expect(page.locator("#answer")).to_be_hidden()
    expect(page.locator("#result")).to_have_attribute("aria-busy", "false")


def test_a_stream_that_is_cut_is_asked_for_again_as_a_whole(open_page):
    page = open_page()
    streamed = []

    def cut(route: Route) -> None:
        if not route.request.post_data_json.get("stream"):
            route.continue_()
            return
        events = list(events_of(route.fetch().text().splitlines()))
        streamed.append(events)
        route.fulfill(body=stream_of(events[:4]), content_type="text/event-stream")

    page.route("**/v1/answers", cut)
    ask(page, QUESTION)
    [events] = streamed
    expect(page.locator("#answer-text button.citation")).to_have_count(len(events[-1][1]["citations"]))


def test_a_fault_in_the_middle_is_told(open_page):
    page = open_page()
    problem = {"type": "about:blank", "title": "Internal Server Error", "status": 500, "detail": "It failed."}

    def fail(route: Route) -> None:
        events = list(events_of(route.fetch().text().splitlines()))
        route.fulfill(body=stream_of([*events[:3], ("error", problem)]), content_type="text/event-stream")

    page.route("**/v1/answers", fail)
    page.fill("#question", QUESTION)
    page.click("#send")
    expect(page.locator("#error-detail")).to_contain_text("It failed.")
    expect(page.locator("#answer")).to_be_hidden()


ANSWER = {
    "id": "0" * 32,
    "answer": "Yes.",
    "language": "en",
    "abstained": False,
    "citations": [],
    "grounding": {"checked": 2, "dropped": 2, "repaired": 0, "fallback": True},
}


@pytest.mark.parametrize("fallback", [True, False])
def test_a_fallback_is_told_where_there_was_one(open_page, fallback):
    page = open_page()
    answer = {**ANSWER, "grounding": {**ANSWER["grounding"], "fallback": fallback}}
    page.route("**/v1/answers", lambda route: route.fulfill(json=answer))
    ask(page, QUESTION)
    expect(page.locator("#fallback")).to_have_count(int(fallback))
