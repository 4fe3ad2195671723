"""Text → the values in it, in one form whatever language wrote them: 5,600万件 = 56 million, 午後5時 = 17:00 = 5 p.m.

A value is what must never be wrong in an answer: a number with its unit, a clock time, a date, a telephone number, a
domain, a URL, an e-mail address. Texts are compared by their values, so the forms matter and the words around do not.
Numbers in words count (see number_words.py). Left out on purpose: ordinals and fractions in words, vague amounts (数分,
several), the marks of lists and citations, and the language of the text, which is not needed.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal, localcontext
from functools import lru_cache, partial
from typing import Literal

from rag_support.values.forms import ADDRESSES, FORMS, TO, FormKind, date_parts, host_of
from rag_support.values.number_words import amount, in_digits
from rag_support.values.spellings import CURRENCIES, OTHER_WORDS, UNITS

ValueKind = Literal["number"] | FormKind


@dataclass(frozen=True, slots=True)
class Value:
    """One value; `text` is its form: "56000000", "17:00", "2024-05-01", "05-01", "0120999373", "amazon.co.jp".

    A domain is without "www.", a URL without its scheme; a URL without a path is a domain. `unit` belongs to numbers:
    "minute" (hours are turned into minutes), "day" (weeks into days), "business day", "percent" and the other names in
    UNITS, a currency ("jpy", "usd", or "¥", which may be jpy or cny), or None where none was written or none is known.
    """

    kind: ValueKind
    text: str
    unit: str | None = None

    def same_as(self, other: "Value") -> bool:
        """Whether both may mean the same: 24 without a unit agrees with 24 of any unit, and with 24:00's hour."""
        if self.kind != other.kind:
            return _hour(self) is not None and _hour(self) == _hour(other)
        if self.unit == other.unit or {self.unit, other.unit} in ({"¥", "jpy"}, {"¥", "cny"}):
            return self.text == other.text
        if self.unit is None:
            return other.text in _in_unit(self.text, other.unit)
        return other.unit is None and self.text in _in_unit(other.text, self.unit)


@dataclass(frozen=True, slots=True)
class Mention:
    """One place where a text gives a value, or both ends of a range; `written` is in folded spelling."""

    written: str
    values: tuple[Value, ...]


def missing_values(text: str, sources: Iterable[str]) -> list[Value]:
    """The values of a text that stand in none of the sources.

    A source may say more (the whole date, the e-mail address with its domain), and say one as 一日, "a day" or "one".
    """
    texts = list(sources)
    missing = list(values(text))
    for ones in (False, True):  # the second reading is rarely needed
        if missing:
            found = [mention for source in texts for mention in _mentions(source, ones)]
            missing = [value for value in missing if not any(_states(mention, value) for mention in found)]
    return missing


def _states(mention: Mention, value: Value) -> bool:
    """Whether a place in a source says a value.

    A number without a unit must be written there as it is: 7 is not said by 一週間, though that is 7 days.
    """
    if value.kind == "number" and value.unit is None and (written := _written_numbers(mention.written)):
        of_units = all(said.kind == "number" and said.unit for said in mention.values)
        if of_units:
            return value.text in written
    return any(_says(said, value) for said in mention.values)


@lru_cache(maxsize=2048)
def _written_numbers(written: str) -> frozenset[str]:
    numbers = (amount(number) for number in re.findall(_AMOUNT, written))
    return frozenset(_plain(number) for number in numbers if number is not None)


@lru_cache(maxsize=2048)
def values(text: str) -> tuple[Value, ...]:
    """Every value of a text once, kind by kind."""
    return tuple(dict.fromkeys(value for mention in mentions(text) for value in mention.values))


def mentions(text: str) -> tuple[Mention, ...]:
    """Every place where a text gives values, kind by kind."""
    return _mentions(text, ones=False)


@lru_cache(maxsize=2048)
def without_values(text: str) -> str:
    """What a text says besides its values, in folded spelling."""
    return re.sub("\0+", " ", _read_through(text, False, []))


@lru_cache(maxsize=2048)
def _mentions(text: str, ones: bool) -> tuple[Mention, ...]:
    found: list[Mention] = []
    _read_through(text, ones, found)
    return tuple(found)


def _read_through(text: str, ones: bool, found: list[Mention]) -> str:
    """Takes note of what it finds, and returns the folded text with NUL in its place."""
    rest = _take(_ADDRESS_READERS, _MARKS.sub(" ", _fold_characters(text)), found)
    return _take(_READERS, in_digits(rest, ones), found)


def _take(readers: "_Readers", text: str, found: list[Mention]) -> str:
    """The text without what the readers found in it."""
    for pattern, read in readers:
        # what one reader takes the next does not see: 0120-999-373 is no range of numbers
        text = pattern.sub(partial(_cover, read, found), text)
    return text


def _cover(read: "_Reader", found: list[Mention], match: re.Match[str]) -> str:
    taken = read(match)
    if not taken:
        return match[0]
    found.append(Mention(match[0].strip(), tuple(taken)))
    return "\0" * len(match[0])


def fold(text: str) -> str:
    """NFKC, lower case, ASCII digits, "~" for dashes and tildes, "-" for hyphens, numbers in words as digits."""
    return in_digits(_fold_characters(text))


def _fold_characters(text: str) -> str:
    text = _HALVES.sub(lambda match: f"{match[1] or 0}.{_HALVES_OF[match[2]]}", text)
    text = unicodedata.normalize("NFKC", text if text.isascii() else "".join(map(_plain_character, text)))
    text = _END_OF_SENTENCE.sub(". ", text).lower()
    text = re.sub(r"\d", lambda match: str(unicodedata.decimal(match[0])), text)
    text = re.sub("[〜∼~–—―‒−─]", "~", re.sub("[‐‑⁃]", "-", text)).replace("’", "'")
    return re.sub(r"(?<=\d)\s?[ー一]\s?(?=\d)", "-", text)


_HALVES_OF = {"¼": 25, "½": 5, "¾": 75}
_HALVES = re.compile(r"(\d*+)\s?([¼½¾])")
# a full stop without a space after it makes no domain of "this day.Please"; nor do dots that leave something out
_END_OF_SENTENCE = re.compile(r"(?<=[a-z0-9])\.(?=(?!(?:Co|Com|Jp|Net|Org|Cn)\b)[A-Z][a-z])|\.{2,}")
# list marks at the start of a line, numbers of citations
_MARKS = re.compile(r"(?m)^\s*+(?:[-*・•]\s*)?(?:\d{1,2}[.、](?=\s|[^\x00-\x7f])|\(?[1-9]\d?\))|\[\d{1,3}\]")


def _plain_character(character: str) -> str:
    """① as (1), for NFKC would make 124時間 of ①24時間; raised numbers, which are footnotes, and invisible marks go."""
    category = unicodedata.category(character)
    if category == "No":
        if unicodedata.decomposition(character).startswith(("<super>", "<sub>")):
            return ""
        return f"({unicodedata.numeric(character):g})"
    if character == "\u20e3":  # the frame of a keycap
        return ") "
    return "" if category == "Cf" or character == "\ufe0f" else character


def _says(source: Value, value: Value) -> bool:
    """Whether a source's value says this one, perhaps among more."""
    if source.same_as(value):
        return True
    if source.kind == "date":
        said = date_parts(source.text)
        if value.kind == "date":
            return all(part in (None, own) for part, own in zip(date_parts(value.text), said, strict=True))
        return value.kind == "number" and value.unit in (None, "year") and value.text == said[0]
    return value.kind == "domain" and source.kind in ("url", "email") and value.text == host_of(source.text)


def _hour(value: Value) -> int | None:
    if value.kind == "time" and value.text.endswith(":00"):
        return int(value.text[:-3])
    if value.kind == "number" and value.unit is None and re.fullmatch(r"1?\d|2[0-4]", value.text):
        return int(value.text) % 24
    return None


# ---- numbers in digits ---------------------------------------------------------------------------------------------

_UNIT = "|".join(
    spelling.replace(" ", "[ -]") + (f"(?![{OTHER_WORDS[spelling]}])" if spelling in OTHER_WORDS else "(?![a-z])")
    for spelling in sorted(UNITS, key=len, reverse=True)
)
_CURRENCY = "(?:" + "|".join(map(re.escape, sorted(CURRENCIES, key=len, reverse=True))) + r")\s?"
_DIGITS = r"(?:\d{1,3}(?:,\d{3})++(?!\d)|\d++|(?<![^\s(¥$€£~-])(?=\.\d))(?:\.\d++)?"
_HAN_SCALE = "(?:[十百千]?[万萬億亿兆]++|[百千])"
_AMOUNT = (
    rf"{_DIGITS}(?:\s?[多余餘]?{_HAN_SCALE}(?:(?:{_DIGITS}|[一二三四五六七八九]){_HAN_SCALE}){{0,3}}+(?:{_DIGITS})?"
    r"|(?:[ -]?\+?[ -]?(?:hundred|thousand|million|billion)\b){1,3})?"
)
_ONE_NUMBER = rf"(?P<number>{_AMOUNT})(?P<half>[个個]半)?(?:[\s-]?[多余餘]?(?P<unit>{_UNIT}))?"
_NUMBER = (
    rf"(?P<currency>(?<![a-z]){_CURRENCY})?(?<!\d)(?<!\d\.){_ONE_NUMBER}"
    r"(?P<more>(?<=[間月年週周日分])半(?![額额分数數天]))?"
)
_RANGE = (
    rf"(?P<currency>(?<![a-z]){_CURRENCY})?(?<!\d)(?<!\d[.-])(?P<low>{_AMOUNT})(?:{TO}|\s?(?:or|或|または)\s?)"
    rf"(?:{_CURRENCY})?{_ONE_NUMBER}(?P<more>)(?!-?\d)"
)
_TENTHS_AND_HUNDREDTHS = r"(?<!\d)(?<!\d\.)(?P<tenths>\d)割\s?(?P<hundredths>\d)分"
_HOURS_AND_MINUTES = (
    r"(?<!\d)(?<!\d[.,])(?P<hours>\d{1,3})(?:(?:時間|[个個]?小[时時])零?(?P<分>\d{1,2})分|"
    r"\s?(?:hours?|hrs?)\s?(?:and )?(?P<min>\d{1,2})\s?min(?:ute)?s?\b)(?:間|钟|鐘)?"
)


def _number(match: re.Match[str]) -> list[Value]:
    """One number, or both ends of a range: in 5〜6万円 the 5 is of 万円 too."""
    unit, factor = UNITS.get((match["unit"] or "").replace("-", " "), (None, Decimal(1)))
    unit = CURRENCIES.get((match["currency"] or "").strip(), unit)
    written = [match["number"]]
    if low := match.groupdict().get("low"):
        written.insert(0, low + _scale_of_both(low, match["number"]))
    numbers = [number for text in written if (number := amount(text)) is not None]
    if (match["half"] or match["more"]) and numbers:
        numbers[-1] += Decimal("0.5")
    if factor == 10 and any(number > 10 for number in numbers):
        unit, factor = None, Decimal(1)  # 2024成 is no share
    return [Value("number", _plain(number, factor), unit) for number in numbers]


def _scale_of_both(low: str, high: str) -> str:
    """The 万 of 5〜6万 for the 5; but 5千〜6万, and 100〜2万, have none to share."""
    scaled = re.fullmatch(r"([\d.,]+)(\D+)", high)
    bare = amount(low) if low[-1].isdigit() else None
    if scaled is None or bare is None or bare >= (amount(scaled[1]) or 0):
        return ""
    return scaled[2]


def _plain(number: Decimal, factor: Decimal = Decimal(1)) -> str:
    with localcontext(prec=2_000):
        return f"{(number * factor).normalize():f}"


def _in_unit(text: str, unit: str | None) -> set[str]:
    """A number without a unit, in what it may be when it has one: 24 in minutes is 24, or 1440 if hours were meant."""
    if not re.fullmatch(r"\d+(?:\.\d+)?", text):
        return {text}
    return {_plain(Decimal(text), factor) for name, factor in UNITS.values() if name == unit} | {text}


def _code(match: re.Match[str]) -> list[Value]:
    """2.1.3 or 192.168.0.1 as it stands; the groups of a long code as one, as in 503-1234567-1234567."""
    return [Value("number", match[0].replace("-", ""))]


def _hours_and_minutes(match: re.Match[str]) -> list[Value]:
    return [Value("number", str(60 * int(match["hours"]) + int(match["分"] or match["min"])), "minute")]


def _tenths_and_hundredths(match: re.Match[str]) -> list[Value]:
    return [Value("number", str(10 * int(match["tenths"]) + int(match["hundredths"])), "percent")]


def _form(kind: FormKind, read: Callable[[re.Match[str]], list[str]], match: re.Match[str]) -> list[Value]:
    return [Value(kind, form) for form in read(match)]


def _always(*these: Value) -> Callable[[re.Match[str]], list[Value]]:
    return lambda _: list(these)


_Reader = Callable[[re.Match[str]], list[Value]]
_Readers = tuple[tuple[re.Pattern[str], _Reader], ...]
_ALL_HOURS = Value("number", str(24 * 60), "minute")
_EVERY_DAY = Value("number", "7", "day")
_EVERY_DAY_IN_WORDS = (
    r"年中[無无]休|全年[無无]休|\b(?:all[ -])?year[ -]round\b|\b7 days (?:a|per|every) week\b|"
    r"(?:[每1一]周|每?週)7[天日]|"
    r"(?<!\d)365日(?!以内|間|後|目)|(?:(?<=小时)|(?<=小時)|(?:全年|每年|一年|1年))365天|(?<!\d)365天(?=24小)|"
    r"\b365 days (?:a|per|every|of the) year\b|(?<=24 hours, )365 days\b|(?<=24 hours a day, )365 days\b"
)
_ALL_WEEK = r"(?<![\d/])(?:24[/x×*]7|7[/x×*]24)(?:/365)?(?!\d)(?:\s?(?:小时|小時|時間|hours?\b))?"
_HALVES_IN_WORDS = {
    Value("number", "30", "minute"): r"\bhalf (?:an )?hour\b|half-hour\b|(?<![个個\d])半[个個]?(?:小[时時]|時間)",
    Value("number", "6", "month"): r"\bhalf a year\b|(?<![上下前後后个個年\d])半年(?!度)",
}

# Tried in this order.
_NUMBERS: tuple[tuple[str, _Reader], ...] = (
    (_EVERY_DAY_IN_WORDS, _always(_EVERY_DAY)),
    (_ALL_WEEK, _always(_ALL_HOURS, _EVERY_DAY)),
    (r"\ba?round[ -]the[ -]clock\b", _always(_ALL_HOURS)),
    *((pattern, _always(value)) for value, pattern in _HALVES_IN_WORDS.items()),
    (r"(?<!\d)(?<!\d\.)\d++(?:\.\d++){2,}", _code),
    (r"(?<!\d)(?<!\d-)(?=(?:\d-?){12})\d{2,}+(?:-\d{2,}+){2,}+(?!-)", _code),
    (_HOURS_AND_MINUTES, _hours_and_minutes),
    (_TENTHS_AND_HUNDREDTHS, _tenths_and_hundredths),
    (_RANGE, _number),
    (_NUMBER, _number),
)

# ---- all together --------------------------------------------------------------------------------------------------

_ADDRESS_READERS: _Readers = tuple((pattern, partial(_form, kind, read)) for kind, pattern, read in ADDRESSES)
_READERS: _Readers = (
    *((pattern, partial(_form, kind, read)) for kind, pattern, read in FORMS),
    *((re.compile(pattern, re.ASCII), read) for pattern, read in _NUMBERS),
)
