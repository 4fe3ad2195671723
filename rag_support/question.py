"""The guard before everything else: what a question must be before any library sees it."""

import re
import unicodedata

from rag_support.errors import QuestionError

MAX_CHARS = 2_000
_MAX_NORMALISED_CHARS = 2 * MAX_CHARS  # one code point can unfold into eighteen under NFKC
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")  # tabs and line ends are white space
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def clean_question(text: str) -> str:
    """The question stripped and in NFKC, each run of white space one space.

    Raises QuestionError, which never repeats the text, when it is empty, too long, or holds characters that display
    or processing could be misled by.
    """
    if len(text) > MAX_CHARS:
        raise QuestionError(f"The question has {len(text)} characters; the limit is {MAX_CHARS}. Please shorten it.")
    if _LONE_SURROGATE.search(text):
        raise QuestionError("The question holds half of a surrogate pair, which is no character. Send valid Unicode.")
    if _CONTROL.search(text):
        raise QuestionError("The question holds control characters. Send plain text.")
    if _BIDI.search(text):
        raise QuestionError("The question holds characters that change the writing direction. Send plain text.")
    normalised = " ".join(unicodedata.normalize("NFKC", text).split())
    if not normalised:
        raise QuestionError("The question is empty. Write what you want to know.")
    if len(normalised) > _MAX_NORMALISED_CHARS:
        raise QuestionError("The question becomes too long when its characters are normalised. Please shorten it.")
    return normalised
