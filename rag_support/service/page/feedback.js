/* What the reader says of an answer: a thumb and, after a thumb down, why and what would have been right if they like.
   The thumb is sent at once, so that skipping the rest loses nothing; what is said last replaces what was said before. */

import { asksForKey, problemKind, request } from "./api.js";
import { keyForm } from "./key.js";
import { el } from "./render.js";
import { t, waitOf } from "./strings.js";

const ADDRESS = "/v1/feedback";
const LIMIT = 2000; // characters of each text that the server takes
const ICONS = { up: "👍", down: "👎" };

const given = new WeakMap(); // answer → what was said of it, which outlasts a change of the page's language

const nothingYet = () => ({
  said: null, // {thumb} or, from the form, {thumb, comment, expected_answer}
  sending: false,
  problem: null, // why what was said is not saved
  formOpen: false,
  drafts: { comment: "", expected_answer: "" },
  draw: null, // the nodes that show it now
});

export function feedbackNodes({ answer, question }) {
  if (!given.has(answer)) given.set(answer, nothingYet());
  const state = given.get(answer);

  async function give(said) {
    state.said = said;
    if (state.sending) return state.draw(); // the loop below goes on with it: sent side by side, the first might win
    state.sending = true;
    state.draw();
    let sent;
    do {
      sent = state.said;
      state.problem = await save({ answer_id: answer.id, question, ...sent });
    } while (state.said !== sent);
    state.sending = false;
    if (!state.problem && "comment" in sent) state.formOpen = false;
    return state.draw();
  }

  function choose(thumb) {
    state.formOpen = thumb === "down";
    if (state.said?.thumb === thumb && !state.problem) state.draw();
    else give({ thumb });
  }

  const again = () => give(state.said);
  const thumbs = Object.entries(ICONS).map(([thumb, icon]) =>
    el("button", { type: "button", class: "plain thumb", "data-thumb": thumb, onclick: () => choose(thumb) },
      el("span", { "aria-hidden": "true" }, icon), t.feedbackThumbs[thumb]));
  const status = el("p", { id: "feedback-status", class: "small", role: "status" });
  const retry = el("button", { type: "button", class: "plain", id: "feedback-retry", onclick: again }, t.retry);
  const key = el("div");
  const form = formOf(state, {
    send: () => give({ thumb: "down", ...state.drafts }),
    skip: () => {
      state.formOpen = false;
      state.draw();
    },
  });
  const nodes = [
    el("h2", { class: "quiet" }, t.feedback),
    el("p", { class: "choices" }, ...thumbs), status, retry, key, form,
  ];

  state.draw = () => {
    const focused = nodes.some((node) => node.contains(document.activeElement)) ? document.activeElement : null;
    for (const thumb of thumbs) thumb.setAttribute("aria-pressed", String(thumb.dataset.thumb === state.said?.thumb));
    status.textContent = statusOf(state);
    const needsKey = state.problem !== null && asksForKey(state.problem);
    retry.hidden = state.problem === null || needsKey;
    key.replaceChildren(...(needsKey && !state.sending ? [keyForm(again)] : []));
    form.hidden = !state.formOpen;
    const lost = focused && (!focused.isConnected || focused.closest("[hidden]"));
    if (lost) thumbs.find((thumb) => thumb.getAttribute("aria-pressed") === "true")?.focus();
  };
  state.draw();
  return nodes;
}

/** Why it could not be saved; null where it was. */
const save = (feedback) => request(ADDRESS, {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(feedback),
}).then(() => null, (problem) => problem);

function formOf({ drafts }, { send, skip }) {
  const field = (name, label) => {
    const box = el("textarea", { rows: "2", maxlength: LIMIT, autocomplete: "off", "data-field": name });
    box.value = drafts[name];
    box.addEventListener("input", () => { drafts[name] = box.value; });
    return el("label", {}, label, box);
  };
  const submit = (event) => {
    event.preventDefault();
    send();
  };
  return el("form", { id: "feedback-form", onsubmit: submit },
    el("p", { class: "small" }, t.feedbackMore),
    field("comment", t.feedbackComment),
    field("expected_answer", t.feedbackExpected),
    el("p", { class: "choices" },
      el("button", { type: "submit", class: "plain" }, t.feedbackSend),
      el("button", { type: "button", class: "plain", id: "feedback-skip", onclick: skip }, t.feedbackSkip)));
}

function statusOf({ said, sending, problem }) {
  if (sending) return t.feedbackSending;
  if (!problem) return said ? t.feedbackThanks : "";
  const kind = problemKind(problem);
  const advice = kind === "invalid" ? `${t.serverSays} ${problem.detail ?? problem.status}` : t.errors[kind][1];
  return `${t.feedbackFailed} ${advice} ${waitOf(problem)}`.trim();
}
