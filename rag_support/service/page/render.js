/* Text from the server → DOM nodes. Text only ever enters through text nodes, never as markup, so whatever a question,
   an answer or a document contains is shown, not run. */

/** An element; attributes that are null or false are left out, on… attributes are listeners. */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** "Until 24:00 [1]" → text and buttons; [n] without a citation n stays text. */
export function withCitations(text, numbers, makeButton) {
  return text.split(/(\[\d{1,3}\])/).map((part) => {
    const number = Number(/^\[(\d+)\]$/.exec(part)?.[1]);
    return numbers.has(number) ? makeButton(number) : part;
  });
}

const STEP = /^\s*(\d{1,3})[.)．]\s+(\S.*)$/;
const BULLET = /^(\s*)(?:[-*•]\s+|・\s*)(\S.*)$/;
const ROW = /^\s*\|(.*)\|([^|]*)$/; // what follows the last bar is the row's citation markers
const RULE = /^[\s|:-]*-[\s|:-]*$/; // the line under a table's header

function readLine(line) {
  let found;
  if ((found = STEP.exec(line))) return { kind: "step", number: found[1], text: found[2] };
  if ((found = BULLET.exec(line))) return { kind: "bullet", nested: found[1].length > 1, text: found[2] };
  if ((found = ROW.exec(line))) return { kind: "row", cells: found[1].split(/(?<!\\)\|/), after: found[2], rule: RULE.test(line) };
  return { kind: "text", text: line };
}

/** The answer's lines as paragraphs, lists and tables; inline(text) → nodes for the text within a line. */
export function renderBlocks(text, inline) {
  const blocks = document.createDocumentFragment();
  let open = null; // the run of like lines being gathered: {kind, element}
  const begin = (kind, element, wrapper = element) => {
    blocks.append(wrapper);
    open = { kind, element };
  };
  for (const line of text.split(/\r?\n/)) {
    const read = readLine(line);
    if (!line.trim()) {
      open = open?.kind === "step" ? open : null; // steps may stand apart and still be one list
    } else if (read.kind === "text") {
      blocks.append(el("p", {}, ...inline(line.trim())));
      open = null;
    } else if (read.kind === "row") {
      if (open?.kind !== "row") {
        const table = el("table");
        begin("row", table, el("div", { class: "table", tabindex: "0" }, table));
      }
      addRow(open.element, read, inline);
    } else if (read.nested && open?.element.lastElementChild?.tagName === "LI") {
      const item = open.element.lastElementChild;
      if (item.lastElementChild?.tagName !== "UL") item.append(el("ul"));
      item.lastElementChild.append(el("li", {}, ...inline(read.text)));
    } else {
      if (open?.kind !== read.kind) begin(read.kind, el(read.kind === "step" ? "ol" : "ul"));
      open.element.append(el("li", { value: read.number }, ...inline(read.text)));
    }
  }
  return blocks;
}

function addRow(table, read, inline) {
  if (read.rule) {
    for (const cell of table.querySelectorAll("td")) cell.replaceWith(el("th", { scope: "col" }, ...cell.childNodes));
    return;
  }
  const cells = read.cells.map((cell) => cell.trim().replaceAll("\\|", "|"));
  cells[cells.length - 1] += read.after.trimEnd();
  table.append(el("tr", {}, ...cells.map((cell) => el("td", {}, ...inline(cell)))));
}

/** The passage's text with the cited quote marked; unmarked where the quote does not stand in it. */
export function highlight(passage, citation) {
  if (!citation?.quote) return [passage.text];
  const characters = Array.from(passage.text); // offsets count code points, as Python does, not UTF-16 units
  const from = citation.start - passage.start;
  const to = citation.end - passage.start;
  const parts = [characters.slice(0, Math.max(from, 0)), characters.slice(Math.max(from, 0), to), characters.slice(to)];
  let [before, quote, after] = parts.map((part) => part.join(""));
  if (from < 0 || quote !== citation.quote) {
    const at = passage.text.indexOf(citation.quote);
    if (at < 0) return [passage.text];
    [before, quote, after] = [passage.text.slice(0, at), citation.quote, passage.text.slice(at + citation.quote.length)];
  }
  return [before, el("mark", {}, quote), after];
}
