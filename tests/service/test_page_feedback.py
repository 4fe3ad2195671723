"""The page's thumbs and what may be said with them: a real browser, a real server, a real database."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect
from running import Server, running
from writers import QuotingWriter, never_going_on

from rag_support.feedback.store import FeedbackStore
from rag_support.question import MAX_CHARS

pytestmark = pytest.mark.browser

ANSWERED = "How can I return an item?"
QUESTION = "How do I bake sourdough bread?"  # is refused, and so among the cases whatever its thumb
WORDS = {
    "ja": ("役に立ちました", "役に立ちませんでした", "ありがとうございます。"),
    "en": ("Helpful", "Not helpful", "Thank you."),
    "zh": ("有帮助", "没有帮助", "感谢您的反馈"),
}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('database')}/feedback.sqlite"


@pytest.fixture(scope="module")
def keeping(shipped_index: Path, url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("keeping"), shipped_index, feedback_url=url) as server:
        yield server


@pytest.fixture
def asked(open_page, keeping) -> Callable[..., Page]:
    """asked(question, …as open_page) → the page with its answer."""

    def ask(question: str = QUESTION, **how: object) -> Page:
        page: Page = open_page(**{"at": keeping} | how)
        page.fill("#question", question)
        page.click("#send")
        expect(page.locator("#result .asked")).to_have_text(question)
        return page

    return ask


def thumb(page: Page, name: str) -> Locator:
    return page.locator(f"#feedback [data-thumb={name}]")


def status(page: Page) -> Locator:
    return page.locator("#feedback-status")


def kept(url: str) -> tuple[str, str | None, str | None, str | None]:
    """Of the newest answer."""
    with closing(FeedbackStore(url)) as store:
        (case,) = store.cases(None, 1)
    return case.question, case.thumb, case.comment, case.expected_answer


def test_thumbs_have_words_and_thank_in_the_page_s_language(asked):
    page = asked(ANSWERED)
    expect(status(page)).to_have_role("status")  # told politely when it changes
    expect(status(page)).to_be_empty()
    for name in ("up", "down"):
        expect(thumb(page, name)).to_have_attribute("aria-pressed", "false")
    thumb(page, "up").focus()
    page.keyboard.press("Enter")
    expect(status(page)).to_contain_text("saved")
    expect(thumb(page, "up")).to_be_focused()
    expect(page.locator("#feedback-form")).to_be_hidden()
    for language, (up, down, thanks) in WORDS.items():
        page.click(f"[data-ui={language}]")
        expect(thumb(page, "up")).to_have_accessible_name(up)
        expect(thumb(page, "down")).to_have_accessible_name(down)
        expect(thumb(page, "up")).to_have_attribute("aria-pressed", "true")
        expect(status(page)).to_contain_text(thanks)


def test_thumb_on_a_refusal_is_kept_with_its_question(asked, url):
    page = asked()
    expect(page.locator("#refusal")).to_be_visible()
    with page.expect_request("**/v1/feedback") as sent:
        thumb(page, "up").click()
    assert sent.value.post_data_json["question"] == QUESTION  # for a worker that does not remember the answer
    expect(status(page)).to_contain_text("saved")
    assert kept(url) == (QUESTION, "up", None, None)


def test_thumb_down_asks_why_and_a_change_of_mind_replaces_it_all(asked, url):
    page = asked()
    thumb(page, "down").click()
    expect(status(page)).to_contain_text("saved")
    assert kept(url) == (QUESTION, "down", None, None)
    comment, expected = page.get_by_label("What was wrong"), page.get_by_label("What answer did you expect")
    for box in (comment, expected):
        expect(box).to_have_attribute("maxlength", str(MAX_CHARS))
    comment.fill("Too <b>long</b>.")
    expected.fill("三十日以内です。")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#feedback-form")).to_be_hidden()
    expect(thumb(page, "down")).to_be_focused()
    assert kept(url) == (QUESTION, "down", "Too <b>long</b>.", "三十日以内です。")
    thumb(page, "up").click()
    expect(status(page)).to_contain_text("saved")
    expect(thumb(page, "down")).to_have_attribute("aria-pressed", "false")
    assert kept(url) == (QUESTION, "up", None, None)


def test_skipping_leaves_the_thumb_as_it_is(asked, url):
    page = asked()
    thumb(page, "down").click()
    expect(status(page)).to_contain_text("saved")
    sent = []
    page.on("request", lambda request: sent.append(request))
    page.click("#feedback-skip")
    expect(page.locator("#feedback-form")).to_be_hidden()
    expect(thumb(page, "down")).to_be_focused()
    assert sent == []
    assert kept(url) == (QUESTION, "down", None, None)


def test_database_that_is_down_is_told_and_can_be_tried_again(asked, served, tmp_path):
    url = f"sqlite:///{tmp_path}/var/feedback.sqlite"
    (tmp_path / "var").touch()  # where a folder is needed
    page = asked(expected="503", at=served(feedback_url=url))
    thumb(page, "up").click()
    expect(status(page)).to_contain_text("could not be saved. Please wait")
    expect(status(page)).to_contain_text("try again in about")
    (tmp_path / "var").unlink()
    page.click("#feedback-retry")
    expect(status(page)).to_contain_text("has been saved")
    expect(page.locator("#feedback-retry")).to_be_hidden()
    expect(thumb(page, "up")).to_be_focused()
    assert kept(url) == (QUESTION, "up", None, None)


def test_network_that_is_down_keeps_what_was_written(asked, url):
    page = asked(expected="ERR_FAILED")
    page.route("**/v1/feedback", lambda route: route.abort())
    thumb(page, "down").click()
    page.get_by_label("What was wrong").fill("It is out of date.")
    page.get_by_role("button", name="Send").click()
    expect(status(page)).to_contain_text("could not be saved. Please check your connection")
    page.unroute("**/v1/feedback")
    page.click("[data-ui=ja]")
    expect(page.get_by_label("お気づきの点")).to_have_value("It is out of date.")
    page.click("#feedback-retry")
    expect(status(page)).to_contain_text("保存しました")
    assert kept(url) == (QUESTION, "down", "It is out of date.", None)


def test_text_that_the_server_refuses_is_told_and_stays(asked):
    page = asked(expected="422")
    thumb(page, "down").click()
    page.get_by_label("What was wrong").fill("a\u202eb")
    page.get_by_role("button", name="Send").click()
    expect(status(page)).to_contain_text("writing direction")
    expect(page.get_by_label("What was wrong")).to_be_visible()


def test_thumb_chosen_last_wins_however_long_the_first_takes(asked, url):
    page = asked()
    events = []
    page.on("request", lambda request: events.append(f"{request.post_data_json['thumb']} sent"))
    page.on("response", lambda response: events.append(f"{response.request.post_data_json['thumb']} saved"))

    def change_mind(route: Route) -> None:
        if route.request.post_data_json["thumb"] == "up":
            expect(status(page)).to_have_text("Sending…")
            thumb(page, "down").click()
        route.continue_()

    page.route("**/v1/feedback", change_mind)
    thumb(page, "up").click()
    expect(status(page)).to_contain_text("saved")
    expect(thumb(page, "down")).to_have_attribute("aria-pressed", "true")
    assert events == ["up sent", "up saved", "down sent", "down saved"]
    assert kept(url) == (QUESTION, "down", None, None)


def test_an_answer_that_is_still_being_written_has_no_thumbs(open_page, served):
    page = open_page(at=served(QuotingWriter(then=never_going_on)))
    page.fill("#question", ANSWERED)
    page.click("#send")
    expect(page.locator("#answer-text button.citation")).to_have_count(1)
    expect(page.locator("#feedback")).to_be_hidden()
    page.click("#cancel")
