"""A model's text, piece by piece → its statements, each with the evidence numbers that it cites.

A statement is a sentence with the markers at its end or within it, or what stands on a line of a list. Models write
markers in many ways: [1][2], [1, 2], 【1】, ［１］, before the full stop or after it. A statement is handed out once
what follows cannot belong to it, so that the pieces in which a text arrives make no difference.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag_support.sentences import split_sentences

_UNDECIDED = "[［【*_"  # what begins so may turn out to be a marker or an ornament
_MARKER = re.compile(r"[^\S\n]*[\[［【]\s*(\d{1,3}(?:\s*[,，、]\s*\d{1,3})*)\s*[\]］】]")
_BEFORE_STOP = re.compile(r"((?:\[\d+\])+)([。．.!?！？]+[」』）)”\"]*)(?!\d)")
_CITED = re.compile(r"\s*\[(\d+)\]")
_LIST_MARK = re.compile(r"\s*(?:(\d{1,3})(?:[.)]\s+|[．、）]\s*)|[-*+]\s+|[・•‣●]\s*)")
_ORNAMENT = re.compile(r"\*\*|__|^\s*#{1,6}\s+")
_PAIRS = tuple(zip("「『（(“《〈[［【", "」』）)”》〉]］】", strict=True))
_FINISHED = ("]", *"。．.!?！？」』）)”")
_THINKING, _THOUGHT = "<think>", "</think>"


@dataclass(frozen=True, slots=True)
class Written:
    """A statement as the model wrote it."""

    text: str  # without list mark and markers
    citations: tuple[int, ...]  # evidence numbers, in order, each once
    line: int  # of the text, from 0; the statements of a paragraph share it
    mark: str  # of a list, as in "- " or "2. ", else empty

    @property
    def is_step(self) -> bool:
        return self.mark[:1].isdigit()


class Splitter:
    """One completion. What a model thinks aloud before it answers is left out."""

    def __init__(self) -> None:
        self._thinking: str | None = ""  # the beginning, until it is known to be no thought
        self._blank = True  # no text yet
        self._line = ""  # so far
        self._number = 0
        self._told = 0  # statements of the line

    def feed(self, piece: str) -> Iterator[Written]:
        if self._thinking is not None:
            self._thinking += piece
            piece = self._thought_out()
        if self._blank:
            piece = piece.lstrip()
            self._blank = not piece
        self._line += piece
        while "\n" in self._line:
            line, _, rest = self._line.partition("\n")
            yield from _with_text(_statements(line, self._number)[self._told :])
            self._line, self._number, self._told = rest, self._number + 1, 0
        yield from self._certain()

    def end(self) -> Iterator[Written]:
        """The rest, but for a sentence that has no end: its values may be cut off."""
        rest = _statements(self._line, self._number)[self._told :]
        if rest and not _plain(self._line).rstrip().endswith(_FINISHED):
            rest.pop()
        yield from _with_text(rest)

    def _thought_out(self) -> str:
        """What follows the thought, if there was one; nothing while that is open."""
        begin = (self._thinking or "").lstrip()
        if _THINKING.startswith(begin[: len(_THINKING)]) and _THOUGHT not in begin:
            return ""
        self._thinking = None
        return begin.partition(_THOUGHT)[2] if begin.startswith(_THINKING) else begin

    def _certain(self) -> Iterator[Written]:
        """Statements of the unfinished line that nothing can be added to: another one has begun behind them."""
        _, pieces = _listed(self._line)
        certain = len(pieces) - (2 if pieces and pieces[-1][0] in _UNDECIDED else 1)
        if certain > self._told and _balanced("".join(pieces[:certain])):
            yield from _with_text(_statements(self._line, self._number)[self._told : certain])
            self._told = certain


def _with_text(statements: Sequence[Written]) -> Iterator[Written]:
    """Without a lone list mark or marker."""
    return (statement for statement in statements if statement.text)


def _plain(line: str) -> str:
    """Without ornament; markers as [1][2], behind the stop."""
    line = _ORNAMENT.sub("", line)
    line = _MARKER.sub(lambda found: "".join(f"[{int(number)}]" for number in re.findall(r"\d+", found[1])), line)
    return _BEFORE_STOP.sub(r"\2\1", line)


def _listed(line: str) -> tuple[str, list[str]]:
    """The mark of a line and its sentences, markers included."""
    line = _plain(line)
    found = _LIST_MARK.match(line)
    mark = "" if found is None else f"{int(found[1])}. " if found[1] else "- "
    start = found.end() if found else 0
    return mark, [line[segment.start : segment.end] for segment in split_sentences(line, start, len(line))]


def _balanced(text: str) -> bool:
    """Whether no bracket is open: what it will hold may be protected from being split."""
    for opener, closer in _PAIRS:
        depth = 0
        for bracket in re.findall(f"[{re.escape(opener + closer)}]", text):
            depth = depth + 1 if bracket == opener else max(0, depth - 1)
        if depth:
            return False
    return True


def _statements(line: str, number: int) -> list[Written]:
    mark, sentences = _listed(line)
    return [
        Written(
            text=_CITED.sub("", sentence).strip(),
            citations=tuple(dict.fromkeys(int(citation) for citation in _CITED.findall(sentence))),
            line=number,
            mark=mark,
        )
        for sentence in sentences
    ]
