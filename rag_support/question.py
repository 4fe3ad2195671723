"""The guard before everything else: what a question, or a comment on its answer, must be before a library sees it."""

import re
import unicodedata

from rag_support.errors import QuestionError

MAX_CHARS = 2_000
_MAX_NORMALISED_CHARS = 2 * MAX_CHARS  # one code point can unfold into eighteen under NFKC
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_CONTROLS = r"\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f"  # tabs and line ends are white space
_DIRECTIONS = r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_CONTROL = re.compile(f"[{_CONTROLS}]")
_BIDI = re.compile(f"[{_DIRECTIONS}]")
PATTERN = rf"^[^{_CONTROLS}{_DIRECTIONS}]*[^\s{_CONTROLS}{_DIRECTIONS}][^{_CONTROLS}{_DIRECTIONS}]*$"
"""What a question must look like, for the API's description; `clean_question` is what checks it."""
PLAIN_PATTERN = rf"^[^{_CONTROLS}{_DIRECTIONS}]*$"
"""The same for a text that may be empty, such as a comment."""


def clean_question(text: str) -> str:
    """The question cleaned; see `clean_text`."""
    return clean_text(text, "question")


def clean_text(text: str, field: str) -> str:
    """A caller's text stripped and in NFKC, each run of white space one space; `field` is what it was sent as.

    Raises QuestionError, which never repeats the text, when it is empty, too long, or holds characters that display
    or processing could be misled by.
    """
    what = f"The {field.replace('_', ' ')}"

    def refuse(problem: str) -> QuestionError:
        return QuestionError(f"{what} {problem}", field)

    if len(text) > MAX_CHARS:
        raise refuse(f"has {len(text)} characters; the limit is {MAX_CHARS}. Please shorten it.")
    if _LONE_SURROGATE.search(text):
        raise refuse("holds half of a surrogate pair, which is no character. Send valid Unicode.")
    if _CONTROL.search(text):
        raise refuse("holds control characters. Send plain text.")
    if _BIDI.search(text):
        raise refuse("holds characters that change the writing direction. Send plain text.")
    normalised = " ".join(unicodedata.normalize("NFKC", text).split())
    if not normalised:
        raise refuse("is empty. Write what you want to know.")
    if len(normalised) > _MAX_NORMALISED_CHARS:
        raise refuse("becomes too long when its characters are normalised. Please shorten it.")
    return normalised
