/* The panel beside the answer: one citation, Japanese beside its translation, or one passage, each in its context.
   It is no modal dialog: the answer stays readable, and reachable, while it is open. */

import { asksForKey, problemKind, request } from "./api.js";
import { keyForm } from "./key.js";
import { el, highlight } from "./render.js";
import { fill, t } from "./strings.js";

const $ = (id) => document.getElementById(id);
export const place = (heading) => (heading ?? []).join(" › ");
let openedBy = null; // the button that opened the panel, and gets the focus back

export function openPanel(source, opener) {
  closePanel();
  openedBy = opener;
  opener.setAttribute("aria-expanded", "true");
  const { citation, language, title: name } = source;
  const heading = el("h2", { id: "panel-title", tabindex: "-1" }, name);
  const context = el("div", { id: "context", "aria-live": "polite" });
  const isQuote = typeof citation.quote === "string";
  $("citation-panel").replaceChildren(...[
    el("header", {}, heading, el("button", { type: "button", id: "panel-close", class: "plain", onclick: closePanel }, t.close)),
    el("p", { class: "path", lang: "ja" }, place(citation.heading)),
    el("p", { class: "small" }, fill(t.document, { document: citation.document })),
    isQuote ? quotePair(citation, language) : null,
    isQuote ? el("button", { type: "button", id: "show-context", class: "plain", onclick: () => showContext(source, context) }, t.showContext) : null,
    context,
  ].filter(Boolean));
  $("citation-panel").hidden = false;
  document.documentElement.classList.add("with-panel");
  heading.focus({ preventScroll: true });
  opener.scrollIntoView({ block: "nearest" });
  if (!isQuote) showContext(source, context);
}

export function closePanel() {
  if (!openedBy) return;
  const opener = openedBy;
  const hadFocus = $("citation-panel").contains(document.activeElement);
  openedBy = null;
  $("citation-panel").hidden = true;
  document.documentElement.classList.remove("with-panel");
  opener.setAttribute("aria-expanded", "false");
  if (hadFocus && opener.isConnected) opener.focus();
}

/** Japanese on one side and, for an English or Chinese answer, its translation (or the lack of one) on the other. */
function pair(japanese, language, translation, tag) {
  const side = (lang, label, badge, ...content) => el("figure", {},
    el("figcaption", {}, label, badge), el("blockquote", { lang }, ...content));
  const original = side("ja", t.original, null, ...japanese);
  if (!(language in t.translations)) return el("div", { class: "pair" }, original);
  const translated = translation
    ? side(language, t.translations[language], tag, translation)
    : el("p", { class: "no-translation" }, t.noTranslation);
  return el("div", { class: "pair" }, original, translated);
}

function quotePair(citation, language) {
  const tag = el("span", { class: citation.reviewed ? "tag reviewed" : "tag" }, citation.reviewed ? t.reviewed : t.notReviewed);
  return pair([citation.quote], language, citation.translation, tag);
}

async function showContext({ citation, language }, context) {
  const button = $("show-context");
  const hadFocus = button !== null && button === document.activeElement;
  context.replaceChildren(el("p", { class: "small" }, t.contextLoading));
  try {
    const passage = await request(`/v1/passages/${encodeURIComponent(citation.passage_id)}`);
    const translation = passage.translations?.[language] ?? null;
    context.replaceChildren(
      el("h3", { class: "quiet", tabindex: "-1" }, t.context),
      passage.title ? el("p", { class: "path", lang: "ja" }, passage.title) : "",
      pair(highlight(passage, citation), translation ? language : null, translation, null));
    button?.remove();
    if (hadFocus && context.isConnected) context.querySelector("h3").focus({ preventScroll: true });
  } catch (problem) {
    const message = problem.status === 404 ? t.contextGone : `${t.contextFailed} ${t.errors[problemKind(problem)][1]}`;
    const again = () => showContext({ citation, language }, context);
    context.replaceChildren(el("p", { class: "context-error" }, message), asksForKey(problem) ? keyForm(again) : "");
  }
}
