"""The web page as people use it: a real browser, a real server."""

import json
import re

import pytest
from playwright.sync_api import Page, Route, expect
from streams import events_of, stream_of

pytestmark = pytest.mark.browser

QUESTIONS = {
    "ja": "返品方法を教えてください",
    "en": "How can I return an item?",
    "zh": "怎么退货？",
}
OUTSIDE = {"ja": "サワードウブレッドの焼き方は？", "en": "How do I bake sourdough bread?", "zh": "怎么烤酸面包？"}
EMPTY = {"ja": "質問を入力してください。", "en": "Please type a question.", "zh": "请输入您的问题。"}
KANA = re.compile("[\u3041-\u3096]")


def ask(page: Page, question: str) -> None:
    page.fill("#question", question)
    page.click("#send")


@pytest.mark.parametrize("language", QUESTIONS)
def test_answer_is_in_the_asker_s_language_and_leads_to_the_japanese_source(open_page, language):
    page = open_page(locale=language)
    expect(page.locator("html")).to_have_attribute("lang", language)
    ask(page, QUESTIONS[language])
    answer = page.locator("#answer-text")
    expect(answer).to_be_visible()
    expect(answer).to_have_attribute("lang", language)
    expect(page.locator("#answer h1")).to_have_text(QUESTIONS[language])
    assert bool(KANA.search(re.sub("「.*?」", "", answer.inner_text()))) == (language == "ja")
    assert answer.locator("ol li").count() >= 2  # steps are a list
    expect(page.locator("#refusal")).to_be_hidden()
    expect(page.locator("#error")).to_be_hidden()
    expect(page.locator("#passages li.passage")).to_have_count(10)
    expect(page.locator("#passages")).not_to_have_attribute("open", "")

    first = answer.locator("button.citation").first
    first.click()
    panel = page.locator("#citation-panel")
    expect(panel).to_be_visible()
    expect(first).to_have_attribute("aria-expanded", "true")
    expect(panel.locator(".pair blockquote")).to_have_count(1 if language == "ja" else 2)
    expect(panel.locator(".tag.reviewed")).to_have_count(0 if language == "ja" else 1)
    quote = panel.locator(".pair blockquote[lang=ja]").inner_text()
    assert KANA.search(quote)
    assert panel.locator(f".pair blockquote[lang={language}]").inner_text() in answer.inner_text()

    page.click("#show-context")
    expect(page.locator("#context mark")).to_have_text(quote)
    assert len(page.locator("#context .pair blockquote[lang=ja]").inner_text()) > len(quote)
    expect(page.locator(f"#context .pair blockquote[lang={language}]")).to_be_visible()

    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(first).to_be_focused()


def test_disagreement_is_shown_with_a_citation_for_each_side(open_page):
    page = open_page(locale="ja")
    ask(page, "電話の受付時間を教えてください")
    expect(page.locator("#conflicts")).to_be_visible()
    assert page.locator("#conflicts li").count() >= 2
    assert page.locator("#conflicts li:has(button.citation)").count() == page.locator("#conflicts li").count()


def test_refusal_is_told_in_the_asker_s_language_with_the_closest_passages(open_page):
    page = open_page()
    for language, question in OUTSIDE.items():
        ask(page, question)
        expect(page.locator("#refusal .asked")).to_have_text(question)
        message = page.locator("#refusal-message")
        expect(message).to_have_attribute("lang", language)
        assert bool(KANA.search(message.inner_text())) == (language == "ja")
        expect(page.locator("#answer")).to_be_hidden()
        expect(page.locator("#passages")).to_have_attribute("open", "")
        page.locator("#passages button").first.click()
        assert KANA.search(page.locator("#context blockquote[lang=ja]").inner_text())


def test_empty_question_is_noted_beside_the_box_until_there_is_one(open_page):
    page = open_page()
    for language, note in EMPTY.items():
        page.click(f"[data-ui={language}]")
        ask(page, "  \n ")
        expect(page.locator("#question-note")).to_have_text(note)
        expect(page.locator("#question")).to_have_attribute("aria-invalid", "true")
        expect(page.locator("#question")).to_be_focused()
    ask(page, QUESTIONS["en"])
    expect(page.locator("#answer-text")).to_be_visible()
    expect(page.locator("#question-note")).to_be_empty()


def test_question_that_is_too_long_is_noted_and_not_sent(open_page):
    page = open_page()
    page.on("request", lambda request: pytest.fail("it was sent") if request.method == "POST" else None)
    ask(page, "x" * 2_001)
    expect(page.locator("#question-note")).to_contain_text("2,000 characters (1 too many)")


def test_question_that_the_server_refuses_shows_what_it_says(open_page):
    page = open_page(expected="422")
    ask(page, "hours\u202e?")
    expect(page.locator("#error")).to_be_visible()
    expect(page.locator("#error-detail")).to_contain_text("writing direction")
    expect(page.locator("#answer")).to_be_hidden()


def test_server_without_an_index_says_what_to_do(open_page, start, tmp_path):
    page = open_page(expected="503", at=start(tmp_path / "index", ready="/healthz"))
    ask(page, QUESTIONS["en"])
    expect(page.locator("#error")).to_contain_text("make index")


def test_server_that_is_away_can_be_tried_again(open_page):
    page = open_page(expected="ERR_FAILED")
    page.route("**/v1/answers", lambda route: route.abort())
    ask(page, QUESTIONS["en"])
    expect(page.locator("#error")).to_contain_text("cannot be reached")
    page.unroute("**/v1/answers")
    page.click("#retry")
    expect(page.locator("#answer-text")).to_be_visible()
    expect(page.locator("#error")).to_be_hidden()


def test_markup_in_a_question_is_shown_and_not_run(open_page):
    page = open_page()
    for markup in (
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<img src=http://192.0.2.1/x.png><iframe src=http://192.0.2.1/></iframe>",
        '"><svg onload=alert(1)><a href="javascript:alert(1)">',
    ):
        ask(page, f"{markup} {QUESTIONS['en']}")
        expect(page.locator("#result :is(h1, p)").filter(has_text=markup).first).to_be_visible()
        expect(page.locator("main :is(script, img, svg, iframe, a)")).to_have_count(0)


@pytest.mark.parametrize("streamed", [True, False])
def test_markup_from_the_server_is_shown_and_not_run(open_page, streamed):
    """As it would come from a document."""
    page = open_page()
    markup = "<img src=http://192.0.2.1/x onerror=alert(1)><script>alert(1)</script>"

    def poison(value: object) -> object:
        if isinstance(value, dict):
            kept = ("language", "passage_id", "kind")
            return {key: inner if key in kept else poison(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [poison(inner) for inner in value]
        return f"{markup}{value}" if isinstance(value, str) else value

    def answer(route: Route) -> None:
        asked = route.request.post_data_json
        if asked and streamed:
            told = events_of(route.fetch().text().splitlines())
            poisoned = stream_of((name, poison(data)) for name, data in told)
            route.fulfill(body=poisoned, content_type="text/event-stream")
        else:
            plain = json.dumps({**asked, "stream": False}) if asked else None
            route.fulfill(json=poison(route.fetch(post_data=plain).json()))

    page.route(re.compile("/v1/"), answer)
    ask(page, QUESTIONS["en"])
    page.locator("#answer-text button.citation").first.click()
    page.click("#show-context")
    expect(page.locator("#context blockquote").first).to_contain_text("onerror=alert(1)")
    expect(page.locator("body :is(script, img, svg, iframe)")).to_have_count(0)


def test_address_with_a_question_is_answered_at_once(open_page):
    page = open_page("/?q=%E6%80%8E%E4%B9%88%E9%80%80%E8%B4%A7%EF%BC%9F")
    expect(page.locator("#answer-text")).to_have_attribute("lang", "zh")
    expect(page.locator("#question")).to_have_value("怎么退货？")


def test_address_keeps_question_and_language_for_a_reload(open_page):
    page = open_page()
    page.locator("input[name=language][value=ja]").check(force=True)
    ask(page, QUESTIONS["en"])
    expect(page.locator("#answer-text")).to_have_attribute("lang", "ja")
    page.reload()
    expect(page.locator("#answer-text")).to_have_attribute("lang", "ja")
    expect(page.locator("#question")).to_have_value(QUESTIONS["en"])


def test_every_example_of_the_page_has_an_answer(open_page, client):
    page = open_page()
    for language in QUESTIONS:
        page.click(f"[data-ui={language}]")
        examples = page.locator("#example-list .example").all_inner_texts()
        assert len(examples) == 3
        for example in examples:
            answer = client.post("/v1/answers", json={"question": example}).json()
            assert (answer["language"], answer["abstained"]) == (language, False)
    page.locator("#example-list .example").first.click()
    expect(page.locator("#answer-text")).to_be_visible()


def test_page_speaks_the_language_chosen_and_keeps_it(open_page):
    page = open_page(locale="fr")
    expect(page.locator("#send")).to_have_text("Ask")
    for language, word in (("ja", "質問する"), ("zh", "提问"), ("en", "Ask"), ("zh", "提问")):
        page.click(f"[data-ui={language}]")
        expect(page.locator("#send")).to_have_text(word)
        expect(page.locator("html")).to_have_attribute("lang", language)
        expect(page.locator(f"[data-ui={language}]")).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(page.locator("#send")).to_have_text("提问")


def test_it_works_from_the_keyboard(open_page):
    page = open_page()
    page.locator("#question").focus()
    page.keyboard.type("How can I")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("return an item?")
    expect(page.locator("#question")).to_have_value("How can I\nreturn an item?")
    page.keyboard.press("Enter")
    expect(page.locator("#answer-text")).to_be_visible()
    page.locator("#answer-text button.citation").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#panel-title")).to_be_focused()


def test_docs_show_every_operation(open_page, client):
    operations = {
        f"{method.upper()} {path}"
        for path, methods in client.get("/openapi.json").json()["paths"].items()
        for method in methods
    }
    page = open_page("/docs")
    expect(page.locator(".opblock")).to_have_count(len(operations))
    methods = page.locator(".opblock-summary-method").all_inner_texts()
    paths = page.locator(".opblock-summary-path").all()
    shown = {f"{method} {path.get_attribute('data-path')}" for method, path in zip(methods, paths, strict=True)}
    assert shown == operations
