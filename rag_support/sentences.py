"""Sentences of a slice of text, as segments.

A sentence ends at 。！？ (with the brackets and footnote marks that close it) and, in Latin script, at a full stop that
a capital follows. Nothing ends inside a short pair of brackets: 「いつ？」と聞く is one, 「いつ？」「どこ？」 are two.
Line breaks end nothing. One pass over the text with a stack of brackets, so time is linear whatever the text holds.
"""

import re
from collections.abc import Iterator

from rag_support.types import Segment

_PAIRS = {
    "「": "」",
    "『": "』",
    "（": "）",
    "(": ")",
    "【": "】",
    "〈": "〉",
    "《": "》",
    "［": "］",
    "[": "]",
    "“": "”",
}
_OPENERS = frozenset(_PAIRS)
_CLOSERS = frozenset(_PAIRS.values())
_BRACKET = re.compile("[" + re.escape("".join(_OPENERS | _CLOSERS)) + "]")
_STOPS = re.compile(r"[。｡！？!?．.]+")
_TAIL = re.compile(r"(?:[」』）)】〉》］\]”\"’']|\[\d{1,3}\])*")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff々〆ー「」『』（）【】、。]")
_LATIN_WORD = re.compile(r"[A-Za-z](?:[A-Za-z.]{0,14})$")

# Longer quotations (a speech, a whole paragraph in parentheses) are split like running text.
_LONGEST_PROTECTED_CHARS = 150

_NEVER_LAST = frozenset("mr mrs ms dr prof st jr sr vs e.g i.e cf approx dept est inc ltd co corp tel ext".split())
_BEFORE_NUMBER = frozenset("no nos fig figs vol p pp art sec ch eq ref ver v".split())
_MAY_BE_LAST = frozenset({"a.m", "p.m", "etc"})


def split_sentences(text: str, start: int, end: int) -> tuple[Segment, ...]:
    """Sentences of text[start:end] in order: stripped, not empty, not overlapping; together all but white space."""
    cuts = [*_ends(text, start, end), end]
    segments = []
    for cut in cuts:
        if segment := stripped(text, start, cut):
            segments.append(segment)
        start = cut
    return tuple(segments)


def stripped(text: str, start: int, end: int) -> Segment | None:
    """text[start:end] without the white space at its ends, or None when nothing else is there."""
    piece = text[start:end]
    bare = piece.lstrip()
    if not bare:
        return None
    start = end - len(bare)
    return Segment(start, start + len(bare.rstrip()))


def _ends(text: str, start: int, end: int) -> Iterator[int]:
    pairs = _protected_pairs(text, start, end)
    pair = 0
    sentence_start = start
    for stops in _STOPS.finditer(text, start, end):
        if stops.start() < sentence_start:
            continue
        tail = _TAIL.match(text, stops.end(), end)
        after = tail.end() if tail else stops.end()
        while pair < len(pairs) and pairs[pair][1] < stops.start():
            pair += 1
        if pair < len(pairs) and pairs[pair][0] < stops.start():
            opened, closed = pairs[pair]
            ends = after > closed and _quote_is_sentence(text, opened, after, end, sentence_start)
        else:
            ends = _is_end(text, stops.start(), stops.end(), after, end, sentence_start)
        if ends:
            yield after
            sentence_start = after


def _protected_pairs(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Matched brackets short enough to protect what they hold; the outermost ones only, in order."""
    stack: list[tuple[str, int]] = []
    open_at: dict[str, int] = {}
    pairs: list[tuple[int, int]] = []
    for match in _BRACKET.finditer(text, start, end):
        mark = match.group()
        if mark in _PAIRS:
            stack.append((_PAIRS[mark], match.start()))
            open_at[_PAIRS[mark]] = open_at.get(_PAIRS[mark], 0) + 1
            continue
        if not open_at.get(mark):
            continue  # a closer without an opener, as in "1)"
        while stack:
            closer, opened = stack.pop()
            open_at[closer] -= 1
            if closer == mark:
                break
        if match.start() - opened <= _LONGEST_PROTECTED_CHARS:
            while pairs and pairs[-1][0] > opened:
                pairs.pop()
            pairs.append((opened, match.start()))
    return pairs


def _quote_is_sentence(text: str, opened: int, after: int, end: int, sentence_start: int) -> bool:
    """Whether a bracket that closes right after a stop also closes the sentence around it."""
    rest = text[after : after + 2].lstrip() if after < end else ""
    if after >= end or not rest or text[after].isspace() or rest[0] in _OPENERS:
        return True
    # （有料です。） standing alone between two sentences
    return text[opened] in "（(" and not text[sentence_start:opened].strip()


def _is_end(text: str, first: int, last: int, after: int, end: int, sentence_start: int) -> bool:
    stops = text[first:last]
    before = text[first - 1] if first > sentence_start else ""
    following = text[after] if after < end else ""
    if "。" in stops or "｡" in stops:
        return True
    if not before and not following:
        return False
    if "！" in stops or "？" in stops or "!" in stops or "?" in stops:
        if text[max(first - 5, sentence_start) : first].lower() == "yahoo" or following in tuple("、，,"):
            return False
        if "！" in stops or "？" in stops or not following or following.isspace():
            return True
        # "a.example/?q=1" and "Yahoo!ニュース" go on; "本当?はい" does not
        return bool(_CJK.match(following)) and not (before.isascii() and before.isalpha())
    if "．" in stops:
        return not following.isalnum() or bool(_CJK.match(before) and _CJK.match(following))
    return _full_stop_ends(text, first, before, after, end, sentence_start)


def _full_stop_ends(text: str, first: int, before: str, after: int, end: int, sentence_start: int) -> bool:
    following = text[after] if after < end else ""
    if _CJK.match(before):  # Japanese typed with ASCII full stops
        return not following or following.isspace() or bool(_CJK.match(following))
    if following and not following.isspace():
        return False
    upcoming = text[after : min(after + 8, end)].lstrip()[:1]
    if upcoming.islower():
        return False
    if text[max(sentence_start, first - 8) : first].strip().isdigit() and first - sentence_start <= 8:
        return False  # "1. Open the page": a number at the front counts
    word = _LATIN_WORD.search(text[max(sentence_start, first - 16) : first])
    if word is None:
        return True
    name = word.group().lower()
    if name in _NEVER_LAST or (name in _BEFORE_NUMBER and upcoming.isdigit()):
        return False
    if name in _MAY_BE_LAST:
        return True
    return not ("." in name or (len(name) == 1 and word.group().isupper()))
