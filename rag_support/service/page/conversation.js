/* What was asked before on this page: sent along, so that "and at night?" is understood, and shown with its answers.
   What is shown is what is sent. It lasts as long as the page; its questions stand in the address. */

import { textNode } from "./answer.js";
import { el } from "./render.js";
import { t } from "./strings.js";

const LIMIT = 10; // earlier questions that the server reads
const LIMIT_BYTES = 48 * 1024; // of them together; a request may have 64 kB

let turns = []; // {question, answer}, oldest first; the answer is null where only the address told the question

/** The turns before this question; asked again, it takes the place of its own. */
export function earlier(question) {
  const before = turns.filter((turn) => turn.question !== question).slice(-LIMIT);
  while (bytes(before) > LIMIT_BYTES) before.shift();
  return before;
}

const bytes = (some) => new TextEncoder().encode(some.map((turn) => turn.question).join()).length;

export function add(turn) {
  turns = [...earlier(turn.question), turn];
}

export function recall(questions) {
  turns = questions.map((question) => ({ question, answer: null }));
}

export function forget() {
  turns = [];
}

/** The turns before this question, the last one first; null where there are none. */
export function earlierNodes(question) {
  const before = earlier(question).reverse();
  if (before.length === 0) return null;
  const items = before.map((turn) => el("li", {},
    el("p", { class: "asked" }, turn.question),
    turn.answer ? textNode(turn.answer) : null));
  return [
    el("h2", { class: "quiet" }, t.earlier),
    el("ol", { class: "turns", tabindex: "0", "aria-label": t.earlier }, ...items),
  ];
}
