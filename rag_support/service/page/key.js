/* The API key, where the service asks for one: kept in this tab's sessionStorage and nowhere else, sent by api.js in a
   header, asked for where a request was refused, forgotten at a press. */

import { el } from "./render.js";
import { t } from "./strings.js";

const STORED = "rag-support.key";
const SENDABLE = /^[\x21-\x7e]+$/; // fetch would tell anything else in a header as a network that is down

const $ = (id) => document.getElementById(id);
let key = null;

/** null where there is none. */
export const currentKey = () => key;

function keep(text) {
  key = text;
  $("forget-key").hidden = key === null;
  $("key-forgotten").hidden = true;
  try {
    if (key === null) sessionStorage.removeItem(STORED);
    else sessionStorage.setItem(STORED, key);
  } catch { /* storage may be forbidden; the key then lasts as long as the page */ }
}

/** Of a key that the service does not know; another one may have taken its place meanwhile. */
export function dropKey(refused) {
  if (key === refused) keep(null);
}

/** A form for a key; retry() is called once there is one to try. */
export function keyForm(retry) {
  const note = el("p", { class: "note", role: "status" });
  // without a name: it is no part of any address, whatever becomes of the form
  const field = el("input", { type: "password", autocomplete: "off", autocapitalize: "none", spellcheck: "false" });
  const use = (event) => {
    event.preventDefault();
    const text = field.value.trim();
    const sendable = SENDABLE.test(text);
    note.textContent = sendable ? "" : t.keyMalformed;
    field.setAttribute("aria-invalid", String(!sendable));
    if (!sendable) return field.focus();
    keep(text);
    return retry();
  };
  return el("form", { class: "key-form", novalidate: true, onsubmit: use },
    el("label", {}, t.keyLabel, field),
    el("button", { type: "submit", class: "plain" }, t.keyUse),
    note);
}

function recall() {
  try {
    return sessionStorage.getItem(STORED);
  } catch {
    return null;
  }
}

keep(recall());
$("forget-key").addEventListener("click", () => {
  keep(null);
  $("key-forgotten").hidden = false;
  $("key-forgotten").focus(); // the button that had it is gone
});
