"""What one line of plain text looks like: a bullet, a numbered line, a question, a short line, running text.

A shape says how a line looks, not what it is: whether a short line is a heading is decided by its neighbours, in
plain_text.py. Marks at the front (・ ① 1. ■ Q.) are not part of a line's words.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from unicodedata import east_asian_width


class Shape(Enum):
    BLANK = "blank"
    TEXT = "running text: it ends a sentence, or it is long"
    SHORT = "a few words without a sentence end"
    VALUE = "a few words with figures, a price, a telephone number, a breadcrumb"
    QUESTION = "one question"
    BULLET = "・ and the like"
    NOTE = "※"
    NUMBERED = "1. ① (1) STEP 1"
    MARKED = "■ 【…】 第1章 1-2: a heading, if its neighbours agree"
    ASKED = "Q."
    ANSWERED = "A."


UNMARKED = frozenset({Shape.TEXT, Shape.SHORT, Shape.VALUE, Shape.QUESTION})


@dataclass(frozen=True, slots=True)
class Line:
    """Words of one line, start:end in the text, marks and white space left out."""

    shape: Shape
    start: int
    end: int
    words: str
    columns: int  # display width of the words: a kana or kanji takes two
    style: str = ""  # which mark a MARKED, NUMBERED or BULLET line bears
    number: int = 0  # of a NUMBERED line
    indent: int = 0  # characters of white space before the line

    @property
    def finished(self) -> bool:
        return ends_sentence(self.words)


LONGEST_SHORT_COLUMNS = 60
LONGEST_HEADING_CHARS = 300
"""Longer lines are running text, whatever marks them: a heading is repeated for every chunk below it."""
_LONGEST_MARKED_COLUMNS = 100
_LONGEST_QUESTION_CHARS = 80

_SENTENCE_END = re.compile(
    r"(?:です|ます|ません|でした|ました|ください|下さい)$|[。｡！？!?．][」』）)】\]”\"’'※*\d]{0,4}$|[A-Za-z0-9)\"'][.!?][)\"'”’]{0,2}$"
)
_QUESTION_END = re.compile(r"[？?][」』）)”\"]{0,2}$")
_NOT_A_QUESTION = re.compile(r"^[「『（(“\"]|[。｡]")
_NEVER_SHORT = re.compile(r"[。｡]|[、，,；;：:はをがも]$|^[、，。）」』]")
_VALUE = re.compile(r"\d|[>›»|｜@©]|[一-龠ぁ-んァ-ン][／/][一-龠ぁ-んァ-ン].*[／/]|→")
_BRACKETED = re.compile(r"[【〔\[［《≪＜〈](?P<words>[^【】〔〕\[\]［］《》≪≫＜＞〈〉]{1,40})[】〕\]］》≫＞〉]$")

_SPACE = r"[\s\u3000]"
_COUNT = rf"{_SPACE}?(?:[-－]?\d{{1,3}})?{_SPACE}*"
_POINT = rf"(?:[.．:：、）)]+{_SPACE}*|(?<=[\s\u3000])|$)"
_MARKS: tuple[tuple[Shape, str, re.Pattern[str]], ...] = (
    (Shape.NOTE, "※", re.compile(rf"(?:※\d{{1,2}}(?:[.．:：)）]|(?={_SPACE}))|※|＊|\*\d(?={_SPACE})){_SPACE}*")),
    (Shape.NUMBERED, "①", re.compile(rf"(?P<n>[①-⑳❶-❿]){_SPACE}*")),
    (
        Shape.NUMBERED,
        "STEP",
        re.compile(rf"(?:(?i:step){_SPACE}*[.．]?|ステップ|手順){_SPACE}*(?P<n>\d{{1,2}})(?:[{_SPACE[1:-1]}.．:：、）)]+|$)"),
    ),
    (Shape.NUMBERED, "(1)", re.compile(rf"[（(](?P<n>\d{{1,2}})[）)]{_SPACE}*")),
    (Shape.MARKED, "1-2-3", re.compile(rf"(?=\d{{1,2}}(?:[-.．－]\d{{1,2}}){{2,3}}[.．]?{_SPACE}+\S)")),
    (Shape.MARKED, "1-2", re.compile(rf"(?=\d{{1,2}}[-.．－]\d{{1,2}}[.．]?{_SPACE}+\S)")),
    # "1.5倍" and "3.com" are no numbers of a list
    (Shape.NUMBERED, "1.", re.compile(rf"(?P<n>\d{{1,2}})[.．)）、](?!\d)(?:{_SPACE}+|$|(?![A-Za-z]{{2,4}}\b))")),
    (Shape.NUMBERED, "一、", re.compile(rf"(?P<n>[一二三四五六七八九十])[、．.]{_SPACE}*")),
    (Shape.MARKED, "章", re.compile(r"(?=第\s{0,2}[\d一二三四五六七八九十百]{1,4}\s{0,2}[部編章])")),
    (Shape.MARKED, "節", re.compile(r"(?=第\s{0,2}[\d一二三四五六七八九十百]{1,4}\s{0,2}[節条項])")),
    (Shape.MARKED, "Ⅰ", re.compile(rf"(?=[Ⅰ-Ⅻ][.．、{_SPACE[1:-1]}])")),
    (Shape.MARKED, "#", re.compile(rf"#{{1,6}}{_SPACE}+")),
    (Shape.MARKED, "", re.compile(rf"(?P<n>[■□◆◇●○▼▽▲△▶►◎★☆♦◉❖]){_SPACE}*")),
    (Shape.ASKED, "Q", re.compile(rf"[QＱ]{_COUNT}(?:{_POINT}|(?=[ぁ-んァ-ヶ一-龠]))")),
    (Shape.ANSWERED, "A", re.compile(rf"[AＡ]{_COUNT}{_POINT}")),
    (Shape.BULLET, "・", re.compile(rf"(?:[•・◦‣▪·∙⁃･✓✔☑]{_SPACE}*|[-–—*+]{_SPACE}+)")),
)  # fmt: skip


def lines_of(text: str, start: int = 0) -> list[Line]:
    """The lines of text[start:], blank ones included; a mark alone on its line joins the line below it."""
    lines: list[Line] = []
    lone: Line | None = None
    asked = False
    for line in _plain_lines(text, start):
        shaped = line if line.shape is Shape.BLANK else _shaped(line, asked)
        asked = asked or shaped.shape is Shape.ASKED
        if lone is not None and shaped.shape is Shape.BLANK:
            continue
        if lone is not None and shaped.start < shaped.end:
            unmarked = shaped.shape in (Shape.TEXT, Shape.SHORT, Shape.VALUE, Shape.QUESTION)
            shaped = replace(shaped, shape=lone.shape, style=lone.style, number=lone.number) if unmarked else shaped
            lone = None
        if shaped.start == shaped.end and shaped.shape is not Shape.BLANK:
            lone = shaped
        else:
            lines.append(shaped)
    return lines


def ends_sentence(words: str) -> bool:
    return _SENTENCE_END.search(words[-8:]) is not None


def columns_of(words: str) -> int:
    """Display width in columns; counted to 400 characters, more is only "long"."""
    return sum(2 if east_asian_width(c) in "WF" else 1 for c in words[:400]) + max(len(words) - 400, 0)


def _plain_lines(text: str, start: int) -> Iterator[Line]:
    for raw in text[start:].split("\n"):
        words = raw.strip()
        indent = len(raw) - len(raw.lstrip())
        at = start + indent
        shape = Shape.TEXT if words else Shape.BLANK
        yield Line(
            shape, at if words else start, at + len(words) if words else start, words, columns_of(words), indent=indent
        )
        start += len(raw) + 1


def _shaped(line: Line, asked: bool) -> Line:
    if bracketed := _BRACKETED.match(line.words):
        start = line.start + bracketed.start("words")
        words = bracketed["words"]
        start += len(words) - len(words.lstrip())
        words = words.strip()
        if words and not ends_sentence(words) and not words.isdigit():
            return replace(line, shape=Shape.MARKED, style="【】", start=start, end=start + len(words), words=words)
    for shape, style, pattern in _MARKS:
        mark = pattern.match(line.words)
        if mark is None or (shape is Shape.ANSWERED and not asked):
            continue
        words = line.words[mark.end() :]
        if shape is Shape.ASKED and mark.group()[-1:] in "QＱ" and words and not _QUESTION_END.search(words):
            continue  # "QRコード" is no question
        if shape is Shape.MARKED and (ends_sentence(words) or columns_of(words) > _LONGEST_MARKED_COLUMNS):
            if style:
                break  # 第3条 会員は、…とする。
            shape = Shape.BULLET
        sign = mark.groupdict().get("n") or ""
        return replace(
            line,
            shape=shape,
            start=line.start + mark.end(),
            words=words,
            columns=columns_of(words),
            style=f"#{mark.group().count('#')}" if style == "#" else style or sign,
            number=_number(sign) if shape is Shape.NUMBERED else 0,
        )
    return replace(line, shape=_unmarked_shape(line))


def _unmarked_shape(line: Line) -> Shape:
    words = line.words
    if _QUESTION_END.search(words[-4:]) and len(words) <= _LONGEST_QUESTION_CHARS and not _NOT_A_QUESTION.search(words):
        return Shape.QUESTION
    if line.columns > LONGEST_SHORT_COLUMNS or ends_sentence(words) or _NEVER_SHORT.search(words):
        return Shape.TEXT
    return Shape.VALUE if _VALUE.search(words) else Shape.SHORT


def _number(sign: str) -> int:
    for first in "①❶":
        if 0 <= ord(sign[0]) - ord(first) < 20:
            return ord(sign[0]) - ord(first) + 1
    kanji = "一二三四五六七八九十".find(sign[0])
    return kanji + 1 if kanji >= 0 else int(sign)
