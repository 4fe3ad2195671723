"""The report of a run: the figures in three forms, and a page that shows hostile rows without harm."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from rows import ALL_DAY, INQUIRIES, OFFICE_HOURS, PAGE, a_run, answer_row, cite, conflict

from rag_support.evaluation.dataset import Fact, GoldSpan
from rag_support.evaluation.language_id import LanguageRow
from rag_support.evaluation.metrics import broken_promises
from rag_support.evaluation.plots import plots
from rag_support.evaluation.report import OUTCOMES, outcomes, worst, write_report
from rag_support.evaluation.run import RetrievalRow, Run, Timings
from rag_support.evaluation.summary import latency, summarise

MARKUP = (
    "<script>alert(1)</script>",
    '</script><script>alert("2")</script>',
    "</style><img src=http://192.0.2.1/x.png onerror=alert(3)>",
    "<svg onload=alert(4)><a href='javascript:alert(5)'>x</a></svg>",
    "{{ 7 * 7 }}{% raw %}",
    '"><iframe src="http://192.0.2.1/"></iframe>',
    "<!-- ]]> &lt; &amp;",
    "`*[x](http://192.0.2.1)*` | $x$",
)
RIGHT, WRONG, REFUSED, ANSWERED, HOSTILE, TRADITIONAL, BROKEN = (
    "need-1:ja", "need-1:en", "need-1:zh", "need-2:en", "need-3:en", "need-4:zh", "need-5:ja"
)  # fmt: skip
ALL_ROWS = (RIGHT, WRONG, REFUSED, ANSWERED, HOSTILE, TRADITIONAL, BROKEN)


def made_run() -> Run:
    shown = {"full_answer": 1.0, "fact_recall": 1.0, "answer_language": 1.0, "citation_valid": 1.0}
    refused = {"false_refusal": 1.0, "full_answer": 0.0, "fact_recall": 0.0}
    gold, fact = GoldSpan(document=PAGE, quote=ALL_DAY), Fact(value=["24時間"], en=["all day"])
    translated = cite(1, ALL_DAY).model_copy(update={"translation": "Phones are answered 24 hours a day."})
    sides = [conflict(("24時間", 1), ("9:00〜17:00", 2))]
    hostile = cite(1, MARKUP[1]).model_copy(update={"translation": MARKUP[2], "heading": list(MARKUP)})
    rows = [
        answer_row("need-1", "ja", f"{ALL_DAY} [1]\n・{OFFICE_HOURS} [2]", **shown).model_copy(
            update={
                "question": "電話 & メールは何時まで？", "citations": [cite(1, ALL_DAY), cite(2, OFFICE_HOURS)],
                "conflicts": sides, "gold": [gold], "required": [fact],
                "passages": {"a": 1.0, "b": 0.5}, "relevant": {"b": 1, "missed": 1},
            }
        ),
        answer_row("need-1", "en", "Ask later. [1]", **shown | {"full_answer": 0.0, "fact_recall": 0.0}).model_copy(
            update={
                "question": "How late can I call?", "citations": [translated], "missed": ["not shown: 24時間"],
                "gold": [gold], "required": [fact],
            }
        ),
        answer_row("need-1", "zh", "很抱歉，没有找到答案。", **refused).model_copy(
            update={"question": "电话服务到几点？", "abstained": True, "refusal": "nothing_found"}
        ),
        answer_row("need-2", "en", "It is sunny. [1]", false_refusal=None, refused=0.0).model_copy(
            update={"kind": "near_domain", "question": "How is the weather?", "confidence": 0.99}
        ),
        answer_row("need-3", "en", "Sorry. " + "\n".join(MARKUP), refused=1.0).model_copy(
            update={
                "kind": "hostile", "question": "\n".join(MARKUP), "abstained": True, "missed": list(MARKUP),
                "citations": [hostile],
            }
        ),
        answer_row("need-4", "zh", "電話服務為24小時。 [1]", **shown).model_copy(
            update={"question": "電話服務到幾點？"}
        ),
        answer_row("need-5", "ja", f"{INQUIRIES} [1]", **shown | {"citation_valid": 0.0}),
    ]  # fmt: skip
    language = [
        LanguageRow(
            text=text, expected=expected, kind="kanji_ja", detected=detected, confidence=0.95, reason=MARKUP[0],
            right=expected == detected, confident_error=expected != detected,
        )
        for text, expected, detected in (("駐車場", "ja", "ja"), (MARKUP[0], "ja", "zh"), ("取件", "ambiguous", "ja"))
    ]  # fmt: skip
    figures = dict.fromkeys(("recall@1", "recall@5", "recall@10", "mrr@10", "ndcg@10"), 0.25)
    retrieval = [
        RetrievalRow(query="q1", language=language, leg=leg, scores=figures)
        for leg in ("dense", "service")
        for language in ("ja", "en", "zh")
    ]
    stages = {"retrieve": [1.0, 2.0, 3.0], "$x^2$ <b>&": [4.0, 5.0, 6.0]}
    run = a_run(rows, language, retrieval, name=f"dev {MARKUP[0]}")
    info = run.info.model_copy(update={"target": {"embedder": MARKUP[1], "counts": {"chunks": 1_234, "of": {"ja": 2}}}})
    return run.model_copy(update={"info": info, "timings": Timings(index="idx-1", seconds=2.5, stages_ms=stages)})


@pytest.fixture(scope="module")
def run() -> Run:
    return made_run()


@pytest.fixture(scope="module")
def folder(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    write_report(folder, run)
    return folder


# ---- how a row ended -----------------------------------------------------------------------------------------------


def test_each_row_has_one_outcome_and_a_broken_promise_comes_beside_it(run):
    assert {row.query: outcomes(row) for row in run.answers} == {
        RIGHT: ("right",),
        WRONG: ("wrong",),
        REFUSED: ("false-refusal",),
        ANSWERED: ("answered",),
        HOSTILE: ("right",),
        TRADITIONAL: ("right",),
        BROKEN: ("right", "broken"),
    }
    assert {row.query: broken_promises(row.scores) for row in run.answers if broken_promises(row.scores)} == {
        BROKEN: ["citation_valid"]
    }


def test_worst_rows_are_broken_promises_then_sure_errors_then_refusals(run):
    assert [row.query for row in worst(run.answers)] == [BROKEN, ANSWERED, WRONG, REFUSED]


def test_worst_rows_are_ten_at_most_surest_first():
    rows = [
        answer_row(f"n{number}", full_answer=0.0).model_copy(update={"confidence": number / 20}) for number in range(20)
    ]
    assert [row.need for row in worst(rows)] == [f"n{number}" for number in range(19, 9, -1)]


# ---- the files -----------------------------------------------------------------------------------------------------


def test_same_run_gives_the_same_bytes(run, folder, tmp_path):
    files = write_report(tmp_path / "made", run)
    assert [file.name for file in files] == ["report.html", "report.md", "report.json"]
    for file in files:
        assert file.read_bytes() == (folder / file.name).read_bytes()


def test_json_is_the_summary_and_the_latency(run, folder):
    figures = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert figures.pop("latency") == {
        "retrieve": {"p50_ms": 2.0, "p95_ms": 2.9},
        "$x^2$ <b>&": {"p50_ms": 5.0, "p95_ms": 5.9},
    }
    assert figures == summarise(run).model_dump(mode="json")


def test_markdown_holds_the_tables_and_the_worst_rows(folder):
    text = (folder / "report.md").read_text(encoding="utf-8")
    for heading in ("Answers", "Risk", "Language of short queries", "Cross-lingual retrieval", "Latency", "Worst rows"):
        assert f"\n## {heading}\n" in text
    assert "| all required facts shown | 100.0 " in text
    assert "- Japanese: 100.0 % answered, 0.0 % of them wrong" in text
    assert "| kanji_ja | 3 | 33.3 | 2 |" in text
    assert "| service | recall@5 | 25.0 " in text
    assert "| retrieve | 2.00 | 2.90 |" in text
    assert re.findall("^### (.*)$", text, re.MULTILINE)[:2] == [
        "need-5 ja: right, broken promise",
        "need-2 en: answered unanswerable",
    ]


def test_markdown_shows_markup_and_means_none_of_it(tmp_path):
    rows = [answer_row(f"n{number}", full_answer=0.0, text=markup) for number, markup in enumerate(MARKUP)]
    write_report(tmp_path, a_run(rows))
    worst_rows = (tmp_path / "report.md").read_text(encoding="utf-8").partition("## Worst rows")[2]
    assert r"\`\*\[x\](http://192.0.2.1)\*\` \| \$x\$" in worst_rows
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in worst_rows
    assert not set("<>") & set(worst_rows)


def test_run_of_answers_alone_has_a_report_without_the_other_sections(tmp_path):
    write_report(tmp_path, a_run([answer_row("n1", full_answer=1.0)]))
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert 'id="metrics"' in page
    for section in ("language", "retrieval", "latency"):
        assert f'<section id="{section}"' not in page
    assert "None: every row ended well." in (tmp_path / "report.md").read_text(encoding="utf-8")


def test_run_in_which_everything_is_refused_has_a_report(tmp_path):
    refused = answer_row("n1", false_refusal=1.0, full_answer=0.0).model_copy(update={"abstained": True})
    write_report(tmp_path, a_run([refused]))
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Risk and coverage" not in page
    assert 'data-outcome="false-refusal"' in page


# ---- the plots -----------------------------------------------------------------------------------------------------


def test_plots_need_no_style_no_outside_and_name_what_they_show(run):
    drawn = plots(summarise(run), latency(run.timings.stages_ms))
    assert [plot.title for plot in drawn] == [
        "Main figures by language", "Risk and coverage", "Latency by stage", "Cross-lingual recall@5 by leg",
    ]  # fmt: skip
    identifiers = [name for plot in drawn for name in re.findall(' id="([^"]+)"', plot.svg)]
    assert len(identifiers) == len(set(identifiers))
    for plot in drawn:
        assert not re.search(r"style|<metadata|font-family|<\?xml|<!DOCTYPE", plot.svg)
        assert set(re.findall('https?://[^"]*', plot.svg)) <= {
            "http://www.w3.org/2000/svg",
            "http://www.w3.org/1999/xlink",
        }
    assert ">Japanese</text>" in drawn[0].svg
    assert ">$x^2$ &lt;b&gt;&amp;</text>" in drawn[2].svg


def test_plots_are_the_same_whatever_the_user_s_own_settings_are(run):
    import matplotlib

    summary, stages = summarise(run), latency(run.timings.stages_ms)
    usual = plots(summary, stages)
    with matplotlib.rc_context({"axes.facecolor": "red", "svg.fonttype": "path", "lines.linewidth": 9}):
        assert plots(summary, stages) == usual
        assert matplotlib.rcParams["lines.linewidth"] == 9


# ---- the page in a browser -----------------------------------------------------------------------------------------


@dataclass
class Watched:
    """A page, and what it did that a report must not do."""

    page: Page
    faults: list[str] = field(default_factory=list)

    def expect_rows(self, rows: Sequence[str]) -> None:
        """That the filters let these rows through, by their ids, and say how many they are."""
        visible = self.page.locator("details.row:visible")
        expect(visible).to_have_count(len(rows))
        assert [row.get_attribute("data-id") for row in visible.all()] == list(rows)
        expect(self.page.locator("#count")).to_have_text(f"{len(rows)} of 7 rows")


@pytest.fixture
def open_report(browser: Browser, folder: Path) -> Iterator[Callable[..., Watched]]:
    """open_report(fragment of the address, …) → Watched. A page that complains, opens a dialog or asks for anything but
    its own file fails its test.
    """
    contexts, opened = [], []

    def open_report(fragment: str = "", **options: object) -> Watched:
        context = browser.new_context(**options)
        contexts.append(context)
        watched = Watched(context.new_page())
        opened.append(watched)
        address = (folder / "report.html").as_uri()
        page, faults = watched.page, watched.faults

        def note_request(url: str) -> None:
            if url.partition("#")[0] != address:
                faults.append(f"loads {url}")

        page.on("request", lambda request: note_request(request.url))
        page.on("console", lambda message: faults.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: faults.append(f"uncaught: {error}"))
        page.on("dialog", lambda dialog: (faults.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.goto(f"{address}{fragment}")
        return watched

    yield open_report
    for context in contexts:
        context.close()
    assert [watched.faults for watched in opened] == [[]] * len(opened)


browsing = pytest.mark.browser


@browsing
def test_markup_is_shown_and_not_run(open_report):
    report = open_report()
    page = report.page
    page.click("#open")
    row = page.locator(f'details.row[data-id="{HOSTILE}"]')
    for markup in MARKUP:
        expect(row.locator(".question")).to_contain_text(markup)
        expect(row.locator("p.text")).to_contain_text(markup)
    expect(page.locator("h1")).to_have_text(f"Evaluation of dev {MARKUP[0]}")
    expect(page.locator("script")).to_have_count(1)
    expect(page.locator("style")).to_have_count(1)
    expect(page.locator(":is(img, iframe, object, link, base)")).to_have_count(0)
    expect(page.locator("svg")).to_have_count(page.locator("figure.plot > svg").count())
    hrefs = page.locator("a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert all(href.startswith("#") for href in hrefs)


@browsing
def test_policy_stops_any_other_script_and_style(open_report):
    report = open_report()
    page = report.page
    for element, text in (("script", "window.ran = 1"), ("style", "body { color: rgb(1, 2, 3) }")):
        page.evaluate(
            "([name, text]) => document.body.append(Object.assign(document.createElement(name), {textContent: text}))",
            [element, text],
        )
    assert page.evaluate("window.ran") is None
    assert page.evaluate("getComputedStyle(document.body).color") != "rgb(1, 2, 3)"
    assert ["Content Security Policy" in fault for fault in report.faults] == [True, True]
    report.faults.clear()


@browsing
def test_filters_show_the_rows_that_fit_and_how_many(open_report):
    report = open_report()
    page = report.page
    report.expect_rows(ALL_ROWS)
    page.select_option("[name=language]", "en")
    report.expect_rows([WRONG, ANSWERED, HOSTILE])
    page.select_option("[name=kind]", "hostile")
    report.expect_rows([HOSTILE])
    page.select_option("[name=language]", "zh")
    report.expect_rows([])
    expect(page.locator("#nothing")).to_be_visible()
    page.click("button[type=reset]")
    report.expect_rows(ALL_ROWS)
    for outcome, rows in {
        "right": [RIGHT, HOSTILE, TRADITIONAL, BROKEN],
        "wrong": [WRONG],
        "false-refusal": [REFUSED],
        "answered": [ANSWERED],
        "broken": [BROKEN],
    }.items():
        page.select_option("[name=outcome]", outcome)
        report.expect_rows(rows)
    assert page.locator("[name=outcome] option").all_inner_texts() == ["all", *OUTCOMES.values()]


@browsing
@pytest.mark.parametrize(
    ("typed", "rows"),
    [
        ("何時まで", [RIGHT]),  # in the question
        ("It is sunny", [ANSWERED]),  # in the answer
        ("SUNNY　ｉｔ", [ANSWERED]),  # as typed with an input method
        ("need-4", [TRADITIONAL]),  # the id
        ("not shown", [WRONG]),  # what was missed
        ("<script>", [HOSTILE]),
        ("sunny sorry", []),  # every word is needed
    ],
)
def test_free_text_looks_through_question_answer_id_and_missed(open_report, typed, rows):
    report = open_report()
    report.page.fill("[name=text]", typed)
    report.expect_rows(rows)


@browsing
def test_address_keeps_the_filters_and_restores_them(open_report):
    report = open_report()
    page = report.page
    page.select_option("[name=language]", "ja")
    page.select_option("[name=outcome]", "right")
    page.fill("[name=text]", "電話 & [2]")
    report.expect_rows([RIGHT])
    fragment = page.evaluate("location.hash")
    other = open_report(fragment)
    other.expect_rows([RIGHT])
    expect(other.page.locator("[name=language]")).to_have_value("ja")
    expect(other.page.locator("[name=outcome]")).to_have_value("right")
    expect(other.page.locator("[name=text]")).to_have_value("電話 & [2]")
    page.click("button[type=reset]")
    expect(page.locator("[name=text]")).to_have_value("")
    assert page.evaluate("location.href").endswith("report.html")


@browsing
def test_address_that_names_what_is_not_there_shows_all(open_report):
    report = open_report("#language=<img src=x onerror=alert(1)>&kind=none&row=none")
    report.expect_rows(ALL_ROWS)
    expect(report.page.locator("[name=language]")).to_have_value("")


@browsing
def test_counts_lead_to_their_rows_and_back(open_report):
    report = open_report()
    page = report.page
    page.locator("#headline a[href='#language=en&outcome=answered']").click()
    report.expect_rows([ANSWERED])
    page.locator("nav a[href='#metrics']").click()
    report.expect_rows([ANSWERED])
    page.go_back()
    page.go_back()
    report.expect_rows(ALL_ROWS)
    page.get_by_text("Show them.").click()
    report.expect_rows([BROKEN])


@browsing
def test_row_has_a_link_that_opens_it(open_report):
    report = open_report("#outcome=wrong")
    page = report.page
    page.locator(f'[data-id="{WRONG}"] > summary').click()
    href = page.locator(f'[data-id="{WRONG}"] a').get_attribute("href")
    other = open_report(href).page
    expect(other.locator("details.row[open]")).to_have_attribute("data-id", WRONG)
    expect(other.locator(f'[data-id="{WRONG}"] > summary')).to_be_focused()


@browsing
def test_open_row_shows_all_that_was_kept_of_it(open_report):
    page = open_report(f"#row={RIGHT}").page
    row = page.locator(f'[data-id="{RIGHT}"]')
    assert row.locator("p.text").inner_text() == f"{ALL_DAY} [1]\n・{OFFICE_HOURS} [2]"
    expect(row.locator(".citations").first).to_contain_text(f"[1] {PAGE} › 電話")
    expect(row.locator(".citations blockquote[lang=ja]")).to_have_text([ALL_DAY, OFFICE_HOURS, ALL_DAY])
    for text in ("24時間 [1] – 9:00〜17:00 [2]", "24時間", "2; 1 not among the first 2", "0.80"):
        expect(row).to_contain_text(text)
    english = page.locator(f'[data-id="{WRONG}"]')
    expect(english.locator("blockquote[lang=en]")).to_have_text("Phones are answered 24 hours a day.")
    expect(english.locator(".side li").first).to_have_text("not shown: 24時間")
    expect(english.locator(".side li").last).to_have_text("24時間 or all day")


@browsing
def test_texts_say_their_language(open_report):
    page = open_report().page
    for identifier, language in ((RIGHT, "ja"), (WRONG, "en"), (REFUSED, "zh-Hans"), (TRADITIONAL, "zh-Hant")):
        row = page.locator(f'[data-id="{identifier}"]')
        expect(row.locator(".question")).to_have_attribute("lang", language)
        expect(row.locator("p.text")).to_have_attribute("lang", language)


@browsing
def test_it_works_from_the_keyboard(open_report):
    report = open_report()
    page = report.page
    page.locator("[name=outcome]").focus()
    page.keyboard.type("wrong")
    page.keyboard.press("Tab")
    expect(page.locator("[name=text]")).to_be_focused()
    page.keyboard.press("Enter")  # submits nothing
    report.expect_rows([WRONG])
    page.locator(f'[data-id="{WRONG}"] > summary').focus()
    page.keyboard.press("Enter")
    expect(page.locator(f'[data-id="{WRONG}"]')).to_have_attribute("open", "")
    for control in page.locator("#filters :is(select, input)").all():
        assert control.evaluate("element => element.labels.length") == 1


@browsing
def test_wrong_queries_are_folded_away_below_the_language_table(open_report):
    page = open_report().page
    folded = page.locator("#language details")
    expect(folded.locator("table")).to_be_hidden()
    folded.locator("summary").click()
    expect(folded.locator("tbody tr")).to_have_count(2)
    expect(folded.locator("tbody th")).to_have_text([MARKUP[0], "取件"])
    assert [cell.get_attribute("lang") for cell in folded.locator("tbody th").all()] == ["ja", ""]


@browsing
def test_without_script_every_row_can_be_read(open_report):
    report = open_report(java_script_enabled=False)
    page = report.page
    expect(page.locator("#filters")).to_be_hidden()
    expect(page.locator("#count")).to_have_text("7 rows")
    page.locator(f'[data-id="{RIGHT}"] > summary').click()
    expect(page.locator(f'[data-id="{RIGHT}"] p.text')).to_be_visible()


@browsing
@pytest.mark.parametrize("color_scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1200])
def test_page_is_as_wide_as_the_window_with_every_row_open(open_report, width, color_scheme):
    page = open_report(viewport={"width": width, "height": 800}, color_scheme=color_scheme).page
    page.click("#open")
    assert page.evaluate("document.documentElement.scrollWidth") == width
