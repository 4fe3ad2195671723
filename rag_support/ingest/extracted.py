"""Text taken out of a format that is not text, written as clean Markdown for the one Markdown parser.

Words that would be read as markup at the start of a line get a backslash, which markdown.py leaves out of the block
again, so a quotation never shows it. A bar inside a table cell becomes a full-width bar for the same reason.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Extracted:
    text: str
    title: str  # what the file's metadata calls it, "" if nothing


_SPACE = re.compile(r"\s+")
# A line break in the source between two characters of Japanese text is no space.
_BREAK_IN_JAPANESE = re.compile(
    r"(?<=[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef])[ \t]*\n\s*(?=[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef])"
)
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
_MARKUP = re.compile(r"[-#>+*=~`|<_\\]|\d{1,9}[.)]")
_DEEPEST_LIST = 6


def clean(words: str) -> str:
    """Words on one line: control characters and lone surrogates dropped, white space runs made one space."""
    return _SPACE.sub(" ", _BREAK_IN_JAPANESE.sub("", _UNPRINTABLE.sub("", words))).strip()


@dataclass(slots=True)
class MarkdownWriter:
    """Collects blocks in order. Every method takes raw words and writes nothing when they are blank."""

    parts: list[str] = field(default_factory=list)
    in_list: bool = False
    level: int = 1  # of the latest heading

    def heading(self, level: int, words: str) -> None:
        if words := clean(words):
            self.level = max(1, min(level, 6))
            # A hash at the end of a heading would be taken for its closing mark.
            self._block("#" * self.level + " " + _escaped(re.sub(r"(?<=\s)#+$", "", words)))

    def paragraph(self, words: str) -> None:
        if words := clean(words):
            self._block(_escaped(words))

    def note(self, words: str) -> None:
        if words := clean(words):
            self._block("> " + _escaped(words))

    def item(self, words: str, depth: int = 0, number: int = 0) -> None:
        """A bullet, or a step when it has a number; `depth` counts the lists around its list."""
        if words := clean(words):
            mark = f"{min(number, 999_999_999)}." if number > 0 else "-"
            line = "    " * min(depth, _DEEPEST_LIST) + f"{mark} {_escaped(words)}"
            self.parts.append(("\n" if self.in_list else "\n\n") + line)
            self.in_list = True

    def table(self, rows: Sequence[Sequence[str]], has_header: bool) -> None:
        cells = [[clean(cell).replace("|", "｜") for cell in row] for row in rows]
        cells = [row for row in cells if any(row)]
        columns = max((len(row) for row in cells), default=0)
        if not columns:
            return
        if columns == 1:
            for row in cells:
                self.paragraph(row[0])
            return
        if not has_header or len(cells) == 1:
            cells.insert(0, [])
        cells.insert(1, ["---"] * columns)
        self._block("\n".join("| " + " | ".join(row + [""] * (columns - len(row))) + " |" for row in cells))

    def code(self, text: str) -> None:
        text = _UNPRINTABLE.sub("", text).strip("\n")
        if text.strip():
            fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
            self._block(f"{fence}\n{text}\n{fence}")

    def text(self) -> str:
        return "".join(self.parts).lstrip("\n") + "\n"

    def _block(self, lines: str) -> None:
        self.parts.append("\n\n" + lines)
        self.in_list = False


def _escaped(words: str) -> str:
    return "\\" + words if _MARKUP.match(words) else words
