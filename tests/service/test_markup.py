"""Markup and script in a question, in a document's title, headings, text, tables and name: shown, never run.

payloads.txt holds one a line. Each calls ran(), or loads from evil.test, if a browser takes it for what it wants to be.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect
from running import Server, running

from rag_support.errors import QuestionError
from rag_support.ingest.build import build_index
from rag_support.question import clean_question

pytestmark = pytest.mark.browser

PAYLOADS = Path(__file__).with_name("payloads.txt").read_text(encoding="utf-8").split("\n")[:-1]
AT_ONCE = 5  # payloads in one question
NEVER_IN_THE_PAGE = "script, img, svg, math, iframe, object, embed, video, audio, style, base, meta, link, a, template"


def mark(number: int) -> str:
    """A word that stands in one document only, to find it by."""
    return f"zx{chr(97 + number // 26)}{chr(97 + number % 26)}q"


def title(number: int) -> str:
    return f"題 {mark(number)} {PAYLOADS[number]}"


def document(number: int) -> str:
    payload = PAYLOADS[number]
    return f"""\
---
title: {json.dumps(title(number))}
---

## 節 {mark(number)} {payload}

本文 {mark(number)}：{payload}。

| 項目 | 値 |
| --- | --- |
| 欄 {mark(number)} | {payload.replace("|", "｜")} |
"""


def file_name(number: int) -> str:
    name = "".join(c if c.isprintable() and c != "/" else "／" for c in PAYLOADS[number])
    return f"名 {mark(number)} {name[:60]}.md"


def shown(text: str) -> str:
    """As a browser gives back what it shows, runs of white space as one space; a soft mark may be dropped."""
    return " ".join(text.split()).replace("\ufeff", "")


@dataclass
class Watched:
    """A browser context in which what must not happen is noticed; only the server's own address is let through."""

    context: BrowserContext
    own: str
    ran: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.context.expose_binding("ran", lambda source, *_: self.ran.append(source["frame"].url))
        self.context.route("**/*", self._judge)
        self.context.on("page", self._watch)

    def _judge(self, route: Route) -> None:
        if route.request.url.startswith((self.own, "data:")):
            route.fallback()
        else:
            self.loads.append(route.request.url)
            route.abort()

    def _watch(self, page: Page) -> None:
        page.on("dialog", lambda dialog: (self.ran.append(dialog.message), dialog.dismiss()))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on(
            "console", lambda said: self.complaints.append(said.text) if "ontent Security Policy" in said.text else None
        )

    def nothing_happened(self) -> None:
        assert (self.ran, self.loads, self.complaints) == ([], [], [])


@pytest.fixture
def watched(browser: Browser, poisoned: Server) -> Iterator[Watched]:
    context = browser.new_context(locale="ja")
    context.set_default_timeout(60_000)
    yield Watched(context, f"{poisoned.url}/")
    context.close()


@pytest.fixture(scope="module")
def poisoned(shipped_embedder, tmp_path_factory) -> Iterator[Server]:
    """A server whose documents are made of nothing else."""
    folder = tmp_path_factory.mktemp("poisoned")
    (folder / "corpus").mkdir()
    for number in range(len(PAYLOADS)):
        (folder / "corpus" / file_name(number)).write_text(document(number), encoding="utf-8")
    manifest = build_index(folder / "corpus", folder / "index", shipped_embedder, keep=1)
    assert manifest.left_out == ()
    with running(folder, folder / "index") as server:
        yield server


def is_refused(payload: str) -> bool:
    try:
        clean_question(payload)
    except QuestionError:
        return True
    return False


def asked(number: int) -> str:
    payload = PAYLOADS[number]
    return f"本文 {mark(number)} は？" if is_refused(payload) else f"本文 {mark(number)} は？ {payload}"


# Asks each question as a person would, opens each passage that it did not show before, gives back all that was shown.
ASK_ALL = """async (questions) => {
  const until = async (what, done) => {
    for (const end = Date.now() + 60000; !done();) {
      if (Date.now() > end) throw new Error(`waited in vain: ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  };
  const $ = (selector) => document.querySelector(selector);
  const shown = [], opened = new Set();
  for (const question of questions) {
    performance.clearResourceTimings();
    $("#question").value = question;
    $("#ask-form").requestSubmit();
    await until(question, () => performance.getEntriesByType("resource").some(({ name }) => /v1\\/answers/.test(name))
      && $("#result").getAttribute("aria-busy") !== "true" && $("#passages li.passage button"));
    $("#passages").open = true;
    shown.push($("main").innerText);
    for (const passage of document.querySelectorAll("#passages li.passage")) {
      const text = passage.querySelector(".text").innerText;
      if (opened.has(text)) continue;
      opened.add(text);
      passage.querySelector("button").click();
      await until("its context", () => $("#context blockquote"));
      shown.push($("#citation-panel").innerText);
    }
  }
  return shown;
}"""


def test_none_runs_from_a_question_or_a_document(watched, poisoned):
    assert len(PAYLOADS) >= 150
    page = watched.context.new_page()

    def ask_for_more(route: Route) -> None:
        route.continue_(post_data=json.dumps(json.loads(route.request.post_data) | {"top_k": 50}))

    page.route("**/v1/answers", ask_for_more)
    page.goto(poisoned.url)
    parts = page.locator(f"body :is({NEVER_IN_THE_PAGE})").count()
    each = list(map(asked, range(len(PAYLOADS))))
    questions = [" ".join(each[at : at + AT_ONCE]) for at in range(0, len(each), AT_ONCE)]
    everything = shown("\n".join(page.evaluate(ASK_ALL, questions)))
    for question in questions:
        assert shown(question) in everything
    for number, payload in enumerate(PAYLOADS):
        for place in (
            f"節 {mark(number)} {payload}",
            f"本文 {mark(number)}：{payload}。",
            title(number),
            file_name(number),
        ):
            assert shown(place) in everything
    assert page.locator(f"body :is({NEVER_IN_THE_PAGE})").count() == parts
    assert page.locator("#question").count() == 1
    watched.nothing_happened()


def test_a_question_that_is_refused_is_not_repeated(watched, poisoned):
    page = watched.context.new_page()
    page.goto(poisoned.url)
    for payload in ("\u202e<script>ran()</script>", "<scr\0ipt>ran()</script>", "<img src=x\x0conerror=ran()\x0b>"):
        assert is_refused(payload)
        page.fill("#question", payload)
        page.click("#send")
        expect(page.locator("#error")).to_be_visible()
        assert "ran()" not in page.locator("#error").inner_text()
    watched.nothing_happened()


def test_none_runs_from_the_page_s_address(watched, poisoned):
    page = watched.context.new_page()
    for payload in PAYLOADS[1::40]:
        for address in (f"/?q={quote(payload)}", f"/?lang={quote(payload)}#{quote(payload)}"):
            page.goto(f"{poisoned.url}{address}")
            expect(page.locator(":is(#result h1, #result p, #error p, .example):visible").first).to_be_visible()
    watched.nothing_happened()


def test_none_runs_where_the_api_is_opened_as_a_page(watched, poisoned):
    page = watched.context.new_page()
    with poisoned.client() as client:
        for number in range(1, len(PAYLOADS), 40):
            found = client.post("/v1/search", json={"question": f"本文 {mark(number)}", "top_k": 50})
            assert found.headers["content-type"] == "application/json"
            assert found.headers["x-content-type-options"] == "nosniff"
            passage = next(passage for passage in found.json()["passages"] if mark(number) in passage["document"])
            page.goto(f"{poisoned.url}/v1/passages/{passage['passage_id']}")
            assert PAYLOADS[number] in json.loads(page.locator("body").inner_text())["text"]
    watched.nothing_happened()


def test_the_policy_allows_what_the_page_needs_and_nothing_else(poisoned):
    with poisoned.client() as client:
        policy = client.get("/").headers["content-security-policy"]
    assert {part.strip() for part in policy.split(";")} == {
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    }


def test_a_page_without_a_policy_that_takes_text_for_markup_does_run_them(watched, poisoned):
    """So that seeing nothing run means something."""
    page = watched.context.new_page()
    careless = (
        "<!doctype html><meta charset=utf-8><body><script>for (const payload of PAYLOADS) try {"
        "document.body.append(document.createRange().createContextualFragment(payload)) } catch {}</script>"
    )
    payloads = [payload for payload in PAYLOADS if "location=" not in payload and "http-equiv" not in payload]
    body = careless.replace("PAYLOADS", json.dumps(payloads).replace("<", r"\u003c"))
    page.route(f"{poisoned.url}/careless", lambda route: route.fulfill(body=body, content_type="text/html"))
    page.goto(f"{poisoned.url}/careless", wait_until="networkidle")
    assert len(watched.ran) >= 50
    assert len(set(watched.loads)) >= 30
