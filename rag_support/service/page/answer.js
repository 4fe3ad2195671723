/* One answer, refusal or problem → nodes; what is done with them is app.js's. */

import { asksForKey, problemKind } from "./api.js";
import { keyForm } from "./key.js";
import { openPanel, place } from "./panel.js";
import { el, renderBlocks, withCitations } from "./render.js";
import { LANGUAGES, fill, percent, t, ui, waitOf } from "./strings.js";

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
    lang: ui,
    "data-number": citation.number,
    "aria-label": `[${citation.number}] ${fill(t.cite, { number: citation.number, where })}`,
    "aria-controls": "citation-panel",
    "aria-expanded": "false",
    onclick: () => openPanel({ citation, language, title: fill(t.panelTitle, { number: citation.number }) }, button),
  }, `[${citation.number}]`);
  return button;
}

/** The answer's text in its language, its citations being buttons. */
export function textNode(answer, attributes = {}) {
  return el("div", { lang: languageOf(answer), ...attributes }, renderBlocks(answer.answer, inline(answer)));
}

export function answerNodes({ answer, question }) {
  return [
    title(question, { class: "asked" }),
    textNode(answer, { id: "answer-text" }),
    answer.grounding?.fallback ? el("p", { id: "fallback", class: "small" }, t.fallback) : null,
    answer.conflicts?.length ? conflictBox(answer) : null,
  ].filter(Boolean);
}

function conflictBox(answer) {
  const language = languageOf(answer);
  const topic = ({ topic: name, values }) => el("div", { class: "conflict", lang: language },
    el("h3", {}, name),
    el("ul", {}, ...values.map((value) => el("li", {}, value.text, "\u00a0", ...inline(answer)(`[${value.citation}]`)))));
  return el("section", { id: "conflicts", class: "box notice" },
    el("h2", {}, t.conflicts), el("p", {}, t.conflictsLead), ...answer.conflicts.map(topic));
}

/** What kind of no an answer is, and its message; null where it says something. */
export function refusalOf(answer) {
  return answer?.abstained ? answer.refusal ?? { kind: "nothing_found", message: answer.answer } : null;
}

/** askIn(language) is called where the reader is to choose one. */
export function refusalNodes({ answer, question }, askIn) {
  const refusal = refusalOf(answer);
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

export function sourceNodes(answer) {
  const rows = answer.citations.map((citation) => el("li", {},
    citationButton(citation, languageOf(answer)),
    el("span", { lang: "ja" }, place(citation.heading) || citation.document)));
  return [el("h2", { class: "quiet" }, t.sources), el("ol", {}, ...rows)];
}

export function passageNodes(answer) {
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
  const label = fill(refusalOf(answer) ? t.closestPassages : t.passages, { count: items.length });
  return [el("summary", {}, label), el("ol", {}, ...items)];
}

export function metaNodes(answer) {
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

/** retry() is called where trying again may help. */
export function problemNodes(problem, retry) {
  const kind = problemKind(problem);
  const [headline, advice] = t.errors[kind];
  const said = [problem.title, problem.detail].filter((text) => typeof text === "string" && text !== "").join(": ");
  const final = kind === "tooLarge" || kind === "invalid";
  return [
    title(headline),
    el("p", {}, `${advice} ${waitOf(problem)}`.trim()),
    said ? el("p", { class: "small", id: "error-detail" }, `${t.serverSays} `, el("span", {}, said)) : null,
    asksForKey(problem) ? keyForm(retry) : null,
    final || asksForKey(problem) ? null : el("button", { type: "button", id: "retry", class: "plain", onclick: retry }, t.retry),
  ].filter(Boolean);
}
