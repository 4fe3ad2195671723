"""The page before a service that asks for API keys: a real browser, a real server, a real file of keys."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from running import Server, running

from rag_support.service.keys import add_key, revoke_key

pytestmark = pytest.mark.browser

QUESTION = "How can I return an item?"
NEEDED = {"ja": "API キーが必要です", "en": "An API key is needed", "zh": "需要 API 密钥"}
REFUSED = "401|403"  # what the console says of the requests
KEPT = "Object.values(sessionStorage)"


@pytest.fixture(scope="module")
def keys_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys") / "keys.json"


@pytest.fixture(scope="module")
def key(keys_file: Path) -> str:
    return add_key(keys_file, "web", ["ask"])


@pytest.fixture(scope="module")
def keyed(shipped_index: Path, keys_file: Path, key: str, tmp_path_factory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("keyed"), shipped_index, keys_file=keys_file) as server:
        yield server


def ask(page: Page) -> None:
    page.fill("#question", QUESTION)
    page.click("#send")


def field(page: Page, within: str = "#error") -> Locator:
    return page.locator(f"{within} input[type=password]")


def enter(page: Page, key: str, within: str = "#error") -> None:
    field(page, within).fill(key)
    field(page, within).press("Enter")


def test_key_is_asked_for_where_one_is_needed(open_page, keyed):
    page = open_page(at=keyed, expected=REFUSED)
    ask(page)
    expect(field(page)).to_be_focused()
    expect(field(page)).to_have_attribute("autocomplete", "off")
    expect(page.locator("#retry")).to_have_count(0)
    expect(page.locator("#forget-key")).to_be_hidden()
    for language, headline in NEEDED.items():
        page.click(f"[data-ui={language}]")
        expect(page.locator("#error h1")).to_have_text(headline)
        expect(page.locator("#error-detail")).to_contain_text("This service asks for an API key.")


def test_key_is_sent_with_everything_and_stands_nowhere_but_in_the_tab(open_page, keyed, key):
    page = open_page(at=keyed, expected=REFUSED)
    ask(page)
    sent = []
    page.on("request", lambda request: sent.append(request))
    enter(page, f" {key} ")
    page.locator("#answer-text button.citation").first.click()
    page.click("#show-context")
    expect(page.locator("#context mark")).to_be_visible()
    page.click("#feedback [data-thumb=up]")
    expect(page.locator("#feedback-status")).to_contain_text("saved")
    page.reload()
    expect(page.locator("#answer-text")).to_be_visible()
    asked = [request for request in sent if "/v1/" in request.url]
    assert len(asked) == 4
    assert {request.headers["authorization"] for request in asked} == {f"Bearer {key}"}
    assert page.evaluate(KEPT) == [key]
    assert key not in page.evaluate("JSON.stringify([localStorage, document.cookie, location.href, history.state])")
    assert key not in page.content()
    assert not any(key in request.url for request in sent)
    assert key not in keyed.log()


def test_key_can_be_forgotten(open_page, keyed, key):
    page = open_page(at=keyed, expected=REFUSED)
    ask(page)
    enter(page, key)
    expect(page.locator("#answer-text")).to_be_visible()
    page.get_by_role("button", name="Forget the API key").click()
    expect(page.locator("#key-forgotten")).to_be_focused()
    expect(page.locator("#forget-key")).to_be_hidden()
    assert page.evaluate(KEPT) == []
    ask(page)
    expect(page.locator("#error h1")).to_have_text(NEEDED["en"])


def test_wrong_key_is_told_and_not_kept(open_page, keyed, key):
    page = open_page(at=keyed, expected=REFUSED)
    ask(page)
    enter(page, f"{key}x")
    expect(page.locator("#error h1")).to_have_text("This API key was not accepted")
    expect(page.locator("#error-detail")).to_contain_text("is not known")
    expect(field(page)).to_be_focused()
    expect(field(page)).to_have_value("")
    assert page.evaluate(KEPT) == []
    enter(page, key)
    expect(page.locator("#answer-text")).to_be_visible()


def test_text_that_cannot_be_a_key_is_noted_and_not_sent(open_page, keyed):
    page = open_page(at=keyed, expected=REFUSED)
    ask(page)
    expect(field(page)).to_be_focused()
    sent = []
    page.on("request", lambda request: sent.append(request))
    for text in ("", "ｒａｇ＿ｓｋ", "two words"):
        page.locator("#error .note").evaluate("note => { note.textContent = '' }")
        enter(page, text)
        expect(page.locator("#error .note")).to_contain_text("just as it was given")
        expect(field(page)).to_have_attribute("aria-invalid", "true")
        expect(field(page)).to_be_focused()
    assert sent == []


def test_key_for_something_else_is_told(open_page, keyed, keys_file):
    page = open_page(at=keyed, expected=REFUSED)
    ask(page)
    enter(page, add_key(keys_file, "operator", ["admin"]))
    expect(page.locator("#error-detail")).to_contain_text("one with the scope ask")
    expect(field(page)).to_be_focused()


def test_key_that_is_revoked_meanwhile_is_asked_for_where_it_was_needed(open_page, keyed, keys_file, key):
    page = open_page(at=keyed, expected=REFUSED)
    ask(page)
    enter(page, add_key(keys_file, "short-lived", ["ask"]))
    page.locator("#answer-text button.citation").first.click()
    revoke_key(keys_file, "short-lived")
    page.click("#feedback [data-thumb=down]")
    expect(page.locator("#feedback-status")).to_contain_text("could not be saved")
    page.click("#show-context")
    enter(page, key, within="#context")
    expect(page.locator("#context mark")).to_be_visible()
    enter(page, key, within="#feedback")
    expect(page.locator("#feedback-status")).to_contain_text("saved")
    expect(field(page, "#feedback")).to_have_count(0)
