"""Question and evidence → chat messages in the language of the answer. The words are in prompts/<language>.toml.

Evidence and question stand in a fence as data, see `as_data`.
"""

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from string import Template

from pydantic import BaseModel, ConfigDict

from rag_support.answering.backends import Message
from rag_support.answering.evidence import as_data, listing
from rag_support.answering.grounding import Fault
from rag_support.answering.section import Statement

NO_ANSWER = "NO_ANSWER"
"""What the model is asked to write when the evidence does not answer the question."""


class _Words(BaseModel):
    """One prompt file; $names are filled in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    system: str
    user: str  # $evidence, $question
    repair: str  # $faults
    faults: Mapping[str, str]  # by kind; $detail


@cache
def _words(language: str) -> _Words:
    file = resources.files("rag_support.answering").joinpath("prompts", f"{language}.toml")
    return _Words.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))


def to_answer(question: str, evidence: Mapping[int, Statement], language: str) -> list[Message]:
    """`language` is ja, en, zh or zh-Hant."""
    words = _words(language)
    filled = Template(words.user).substitute(evidence=listing(evidence, language), question=as_data(question))
    return [Message(role="system", content=words.system.strip()), Message(role="user", content=filled.strip())]


def to_repair(asked: Sequence[Message], sentence: str, faults: Sequence[Fault], language: str) -> list[Message]:
    """The conversation goes on: the sentence that failed, what is wrong with it, and the wish for another."""
    words = _words(language)
    told = " ".join(Template(words.faults[fault.kind]).substitute(detail=as_data(fault.detail)) for fault in faults)
    wish = Template(words.repair).substitute(faults=told).strip()
    return [*asked, Message(role="assistant", content=sentence), Message(role="user", content=wish)]
