/* The page: asks POST /v1/answers and shows what comes back. The other modules: strings.js (words), api.js (requests),
   render.js (text → nodes), panel.js (one citation). Left out on purpose: conversations; each question stands alone. */

import { problemKind, request } from "./api.js";
import { closePanel, openPanel, place } from "./panel.js";
import { el, renderBlocks, withCitations } from "./render.js";
import { LANGUAGES, chooseWords, fill, t } from "./strings.js";

const QUESTION_LIMIT = 2000; // characters, as the server counts them: code points after trimming
const ADDRESS_LIMIT = 6000; // longer addresses are refused by common proxies, so they would not survive a reload
const LOADING_DELAY_MS = 150; // most answers are faster, and a flash of "loading" is noise
const UI_KEY = "rag-support.ui";

const $ = (id) => document.getElementById(id);
const state = { ui: "en", shown: null, pending: null }; // shown: {answer, question} or {problem, question}

// ---------------------------------------------------------------- language of the page

function preferredUi() {
  try {
    const stored = localStorage.getItem(UI_KEY);
    if (LANGUAGES.includes(stored)) return stored;
  } catch { /* storage may be forbidden; the browser's language decides then */ }
  const wanted = (navigator.languages ?? [navigator.language]).map((tag) => String(tag).slice(0, 2).toLowerCase());
  return wanted.find((tag) => LANGUAGES.includes(tag)) ?? "en";
}

function setUi(ui) {
  state.ui = ui;
  chooseWords(ui);
  document.documentElement.lang = ui;
  for (const node of document.querySelectorAll("[data-text]")) node.textContent = t[node.dataset.text];
  for (const node of document.querySelectorAll("[data-label]")) node.setAttribute("aria-label", t[node.dataset.label]);
  for (const node of document.querySelectorAll("[data-placeholder]")) node.placeholder = t[node.dataset.placeholder];
  for (const node of document.querySelectorAll("[data-ui]")) node.setAttribute("aria-pressed", String(node.dataset.ui === ui));
  $("example-list").replaceChildren(...t.exampleQuestions.map((question) =>
    el("button", { type: "button", class: "example", onclick: () => useExample(question) }, question)));
  noteQuestion("");
  count();
  if (!state.pending) show(state.shown);
}

function rememberUi(ui) {
  try {
    localStorage.setItem(UI_KEY, ui);
  } catch { /* the choice then lasts as long as the page */ }
  setUi(ui);
}

// ---------------------------------------------------------------- asking

const chosenLanguage = () => document.querySelector("input[name=language]:checked").value;
const length = (text) => Array.from(text.trim()).length;
const number = (value) => new Intl.NumberFormat(state.ui).format(value);
const percent = (value) => new Intl.NumberFormat(state.ui, { style: "percent" }).format(value);

function count() {
  const characters = length($("question").value);
  $("counter").textContent = fill(t.counter, { count: number(characters), limit: number(QUESTION_LIMIT) });
  $("counter").classList.toggle("over", characters > QUESTION_LIMIT);
  if (characters > QUESTION_LIMIT) noteQuestion(fill(t.tooLong, { limit: number(QUESTION_LIMIT), over: number(characters - QUESTION_LIMIT) }));
  else noteQuestion("");
}

function noteQuestion(message) {
  $("question-note").textContent = message;
  $("question").setAttribute("aria-invalid", String(message !== ""));
}

function submit() {
  const question = $("question").value.trim();
  count();
  if (question === "") noteQuestion(t.emptyQuestion);
  if (question === "" || length(question) > QUESTION_LIMIT) return $("question").focus();
  return ask(question, chosenLanguage());
}

function useExample(question) {
  $("question").value = question;
  submit();
}

function askIn(language) {
  document.querySelector(`input[name=language][value=${language}]`).checked = true;
  submit();
}

async function ask(question, language) {
  state.pending?.abort();
  const pending = (state.pending = new AbortController());
  closePanel();
  rememberAddress(question, language);
  $("result").setAttribute("aria-busy", "true");
  const loading = setTimeout(() => setLoading(true), LOADING_DELAY_MS);
  let shown;
  try {
    const answer = await request("/v1/answers", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ question, language }),
      signal: pending.signal,
    });
    shown = { answer, question };
  } catch (problem) {
    shown = { problem, question };
  }
  clearTimeout(loading);
  if (state.pending !== pending) return; // a newer question has taken over
  state.pending = null;
  setLoading(false);
  $("result").setAttribute("aria-busy", "false");
  if (pending.signal.aborted) return;
  if (matchMedia("(pointer: coarse)").matches) $("question").blur(); // the on-screen keyboard would cover the answer
  show(shown);
  const heading = document.querySelector("#result h1, #error h1");
  const focused = document.activeElement; // gone with the example or the "try again" that was pressed?
  if (!focused || focused === document.body || focused.closest("[hidden]")) heading?.focus({ preventScroll: true });
  heading?.scrollIntoView({ block: "nearest" });
}

function setLoading(on) {
  $("loading").hidden = !on;
  if (on) for (const id of ["error", "answer", "refusal", "sources", "passages", "meta", "intro", "examples"]) $(id).hidden = true;
}

function cancel() {
  state.pending?.abort();
  show(state.shown);
  $("question").focus();
}

function rememberAddress(question, language) {
  const query = `?${new URLSearchParams({ q: question, lang: language })}`;
  history.replaceState(null, "", query.length <= ADDRESS_LIMIT ? query : location.pathname);
}

// ---------------------------------------------------------------- showing an answer, a refusal or a problem

function show(shown) {
  const answer = shown?.answer;
  const refusal = answer?.abstained ? answer.refusal ?? { kind: "nothing_found", message: answer.answer } : null;
  state.shown = shown;
  document.title = shown ? `${shown.question.slice(0, 60)} – ${t.name}` : t.name;
  $("intro").hidden = $("examples").hidden = shown !== null;
  $("loading").hidden = true;
  fillBox($("error"), shown?.problem ? problemNodes(shown) : null);
  fillBox($("answer"), answer && !refusal ? answerNodes(shown) : null);
  fillBox($("refusal"), refusal ? refusalNodes(refusal, shown) : null);
  fillBox($("sources"), answer?.citations?.length ? sourceNodes(answer) : null);
  fillBox($("passages"), answer?.passages?.length ? passageNodes(answer, refusal) : null);
  $("passages").open = refusal !== null;
  fillBox($("meta"), answer ? metaNodes(answer) : null);
}

function fillBox(box, nodes) {
  box.replaceChildren(...(nodes ?? []));
  box.hidden = nodes === null;
}

const languageOf = (answer) => (LANGUAGES.includes(answer.language) ? answer.language : null);
const title = (text, attributes = {}) => el("h1", { tabindex: "-1", ...attributes }, text);

/** Text → nodes, its [n] being buttons that open citation n. */
function inline(answer) {
  const citations = new Map((answer.citations ?? []).map((citation) => [citation.number, citation]));
  return (text) => withCitations(text, new Set(citations.keys()), (n) => citationButton(citations.get(n), languageOf(answer)));
}

function citationButton(citation, language) {
  const where = place(citation.heading) || citation.document;
  const button = el("button", {
    type: "button",
    class: "citation",
    lang: state.ui,
    "data-number": citation.number,
    "aria-label": `[${citation.number}] ${fill(t.cite, { number: citation.number, where })}`,
    "aria-controls": "citation-panel",
    "aria-expanded": "false",
    onclick: () => openPanel({ citation, language, title: fill(t.panelTitle, { number: citation.number }) }, button),
  }, `[${citation.number}]`);
  return button;
}

function answerNodes({ answer, question }) {
  const language = languageOf(answer);
  const text = el("div", { id: "answer-text", lang: language }, renderBlocks(answer.answer, inline(answer)));
  return [title(question, { class: "asked" }), text, answer.conflicts?.length ? conflictBox(answer) : null].filter(Boolean);
}

function conflictBox(answer) {
  const language = languageOf(answer);
  const topic = ({ topic: name, values }) => el("div", { class: "conflict", lang: language },
    el("h3", {}, name),
    el("ul", {}, ...values.map((value) => el("li", {}, value.text, "\u00a0", ...inline(answer)(`[${value.citation}]`)))));
  return el("section", { id: "conflicts", class: "box notice" },
    el("h2", {}, t.conflicts), el("p", {}, t.conflictsLead), ...answer.conflicts.map(topic));
}

function refusalNodes(refusal, { answer, question }) {
  const nodes = [
    el("p", { class: "asked" }, question),
    title(t.refusals[refusal.kind] ?? t.refusals.nothing_found),
    el("p", { id: "refusal-message", lang: languageOf(answer) }, refusal.message),
  ];
  if (refusal.kind === "language_unsure") {
    const choices = [["ja", "日本語"], ["en", "English"], ["zh", "中文"]].map(([language, name]) =>
      el("button", { type: "button", class: "plain", lang: language, onclick: () => askIn(language) }, name));
    nodes.push(el("p", { class: "choices" }, t.chooseLanguage, ...choices));
  }
  return nodes;
}

function sourceNodes(answer) {
  const rows = answer.citations.map((citation) => el("li", {},
    citationButton(citation, languageOf(answer)),
    el("span", { lang: "ja" }, place(citation.heading) || citation.document)));
  return [el("h2", { class: "quiet" }, t.sources), el("ol", {}, ...rows)];
}

function passageNodes(answer, refusal) {
  const items = answer.passages.map((passage) => {
    const button = el("button", {
      type: "button",
      class: "plain",
      "aria-label": `${t.showContext} (${fill(t.passage, { rank: passage.rank })})`,
      onclick: () => openPanel({ citation: passage, language: languageOf(answer), title: fill(t.passage, { rank: passage.rank }) }, button),
    }, t.showContext);
    return el("li", { class: "passage", value: passage.rank },
      el("p", { class: "path", lang: "ja" }, place(passage.heading) || passage.document),
      el("p", { class: "text", lang: "ja" }, passage.text),
      el("p", { class: "small" }, button, el("span", {}, passage.document),
        typeof passage.score === "number" ? el("span", {}, fill(t.score, { score: passage.score.toFixed(2) })) : null));
  });
  const label = fill(refusal ? t.closestPassages : t.passages, { count: items.length });
  return [el("summary", {}, label), el("ol", {}, ...items)];
}

function metaNodes(answer) {
  const { detection, timings_ms: timings, generator, index } = answer;
  const total = timings?.total;
  const time = total >= 1000 ? `${(total / 1000).toFixed(1)} s` : `${total?.toFixed(1)} ms`;
  return [
    detection && fill(t.detected, { language: t.languages[detection.language] ?? t.otherLanguage, confidence: percent(detection.confidence ?? 0) }),
    generator && !generator.startsWith("extractive") && !answer.abstained && fill(t.generated, { generator }),
    typeof total === "number" && fill(t.timing, { time }),
    index && fill(t.index, { id: index }),
  ].filter(Boolean).map((text) => el("span", {}, text));
}

function problemNodes({ problem, question }) {
  const kind = problemKind(problem);
  const [headline, advice] = t.errors[kind];
  const said = [problem.title, problem.detail].filter((text) => typeof text === "string" && text !== "").join(": ");
  const wait = problem.retryAfter ? fill(t.retryAfter, { seconds: number(problem.retryAfter) }) : "";
  return [
    title(headline),
    el("p", {}, `${advice} ${wait}`.trim()),
    said ? el("p", { class: "small", id: "error-detail" }, `${t.serverSays} `, el("span", {}, said)) : null,
    kind === "tooLarge" || kind === "invalid" ? null : el("button", { type: "button", id: "retry", class: "plain", onclick: () => ask(question, chosenLanguage()) }, t.retry),
  ].filter(Boolean);
}

// ---------------------------------------------------------------- wiring

$("ask-form").addEventListener("submit", (event) => {
  event.preventDefault();
  submit();
});
$("question").addEventListener("input", count);
$("question").addEventListener("keydown", (event) => {
  // Enter that ends an IME composition is not a send; Safari reports it after the composition, with key code 229.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  submit();
});
$("cancel").addEventListener("click", cancel);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.isComposing) closePanel();
});
for (const button of document.querySelectorAll("[data-ui]")) {
  button.addEventListener("click", () => {
    closePanel();
    rememberUi(button.dataset.ui);
  });
}

setUi(preferredUi());
const address = new URLSearchParams(location.search);
if ([...LANGUAGES, "auto"].includes(address.get("lang"))) document.querySelector(`input[name=language][value=${address.get("lang")}]`).checked = true;
if (address.get("q")?.trim()) {
  $("question").value = address.get("q");
  submit();
}
