/* The page: asks a question and shows what comes back. The other modules: strings.js (words), api.js (requests),
   asking.js (one answer as it comes about), conversation.js (what was asked before), answer.js (an answer → nodes),
   feedback.js (whether it helped), render.js (text → nodes), panel.js (one citation), key.js (the API key). */

import { answerNodes, metaNodes, passageNodes, problemNodes, refusalNodes, refusalOf, sourceNodes } from "./answer.js";
import { ask as askServer } from "./asking.js";
import { add, earlier, earlierNodes, forget, recall } from "./conversation.js";
import { feedbackNodes } from "./feedback.js";
import { closePanel } from "./panel.js";
import { el } from "./render.js";
import { LANGUAGES, chooseWords, fill, number, t } from "./strings.js";

const QUESTION_LIMIT = 2000; // characters, as the server counts them: code points after trimming
const ADDRESS_LIMIT = 6000; // longer addresses are refused by common proxies, so they would not survive a reload
const LOADING_DELAY_MS = 150; // most answers are faster, and a flash of "loading" is noise
const UI_KEY = "rag-support.ui";

const $ = (id) => document.getElementById(id);
const state = { shown: null, pending: null }; // shown: {answer, question} or {problem, question}

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
    const conversation = earlier(question).map((turn) => ({ question: turn.question }));
    const answer = await askServer({ question, language, conversation }, pending.signal, (partial) => {
      clearTimeout(loading);
      if (state.pending === pending && !pending.signal.aborted) showPartial({ answer: partial, question });
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
  if (shown.answer) add(shown);
  if (matchMedia("(pointer: coarse)").matches) $("question").blur(); // the on-screen keyboard would cover the answer
  show(shown);
  const heading = document.querySelector("#result h1, #error h1");
  $("error").querySelector("input")?.focus(); // a key is all that is missing
  const focused = document.activeElement; // gone with the example or the "try again" that was pressed?
  if (!focused || focused === document.body || focused.closest("[hidden]")) heading?.focus({ preventScroll: true });
  heading?.scrollIntoView({ block: "nearest" });
  if (document.activeElement === $("question")) $("question").select(); // what is typed next is the next question
}

function setLoading(on) {
  $("loading").hidden = !on;
  if (on) for (const id of ["error", "answer", "refusal", "feedback", "sources", "passages", "meta", "intro", "examples"]) $(id).hidden = true;
}

function cancel() {
  state.pending?.abort();
  show(state.shown);
  $("question").focus();
}

function startAnew() {
  state.pending?.abort();
  state.pending = null;
  forget();
  closePanel();
  history.replaceState(null, "", location.pathname);
  $("question").value = "";
  count();
  setLoading(false);
  $("result").setAttribute("aria-busy", "false");
  show(null);
  $("question").focus();
}

/** The question with those before it, as far as they fit: reloaded, it is understood as it was. */
function rememberAddress(question, language) {
  const questions = [...earlier(question).map((turn) => turn.question), question];
  const query = () => `?${new URLSearchParams([...questions.map((asked) => ["q", asked]), ["lang", language]])}`;
  while (questions.length > 1 && query().length > ADDRESS_LIMIT) questions.shift();
  history.replaceState(null, "", query().length <= ADDRESS_LIMIT ? query() : location.pathname);
}

// ---------------------------------------------------------------- showing an answer, a refusal or a problem

function show(shown) {
  state.shown = shown;
  render(shown);
}

/** What has come so far, with what stops the rest. */
function showPartial(shown) {
  render(shown);
  $("loading").hidden = false;
}

function render(shown) {
  const answer = shown?.answer;
  const refusal = refusalOf(answer);
  document.title = shown ? `${shown.question.slice(0, 60)} – ${t.name}` : t.name;
  $("intro").hidden = $("examples").hidden = shown !== null;
  $("loading").hidden = true;
  fillBox($("error"), shown?.problem ? problemNodes(shown.problem, () => ask(shown.question, chosenLanguage())) : null);
  fillBox($("answer"), answer && !refusal ? answerNodes(shown) : null);
  fillBox($("refusal"), refusal ? refusalNodes(shown, askIn) : null);
  const isWhole = typeof answer?.abstained === "boolean";
  fillBox($("feedback"), isWhole ? feedbackNodes(shown) : null);
  fillBox($("sources"), answer?.citations?.length ? sourceNodes(answer) : null);
  fillBox($("passages"), answer?.passages?.length ? passageNodes(answer) : null);
  $("passages").open = refusal !== null;
  fillBox($("meta"), answer ? metaNodes(answer) : null);
  fillBox($("earlier"), earlierNodes(shown?.question));
  $("new-conversation").hidden = shown === null;
}

function fillBox(box, nodes) {
  box.replaceChildren(...(nodes ?? []));
  box.hidden = nodes === null;
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
$("new-conversation").addEventListener("click", startAnew);
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
const asked = address.getAll("q").filter((question) => question.trim());
if (asked.length) {
  recall(asked.slice(0, -1));
  $("question").value = asked.at(-1);
  submit();
}
