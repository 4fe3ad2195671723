"""The YAML block between two --- lines at the top of a text file. Only its title is used."""

import re
from dataclasses import dataclass

import yaml

from rag_support.errors import DocumentError
from rag_support.ingest.extracted import clean

_MAX_CHARS = 16_384
_CLOSING = re.compile(r"^(?:---|\.\.\.)[ \t]*$", re.MULTILINE)
_OPENING = re.compile(r"---[ \t]*\n")


@dataclass(frozen=True, slots=True)
class FrontMatter:
    title: str  # "" when not given
    end: int  # offset of the first character after the block


def read_front_matter(text: str, doc_id: str) -> FrontMatter:
    """Title and end of the front matter, ("", 0) where there is none. Raises DocumentError on broken YAML."""
    opening = _OPENING.match(text)
    closing = _CLOSING.search(text, opening.end(), opening.end() + _MAX_CHARS) if opening else None
    if opening is None or closing is None:
        return FrontMatter("", 0)
    try:
        fields = yaml.safe_load(text[opening.end() : closing.start()])
    except (yaml.YAMLError, ValueError, RecursionError, OverflowError, TypeError, LookupError) as error:
        raise DocumentError(doc_id, _yaml_problem(error), _MEND) from None
    if isinstance(fields, str):
        return FrontMatter("", 0)  # two rules with a sentence between them
    if fields is not None and not isinstance(fields, dict):
        raise DocumentError(doc_id, "The block between the first two --- lines is not `name: value` lines.", _MEND)
    title = (fields or {}).get("title")
    is_plain = title is not None and not isinstance(title, (dict, list, set, bytes))
    return FrontMatter(_plain(str(title)) if is_plain else "", closing.end())


def _plain(title: str) -> str:
    """A title that YAML spelt with escapes: pairs of surrogates made one character, what cannot be shown dropped."""
    return clean(title.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore"))


_MEND = 'Write lines such as `title: 返品の手順` there (a value that holds ": " goes in quotes), or delete the block.'


def _yaml_problem(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    where = f" at line {mark.line + 2}" if mark is not None else ""
    return f"The block between the first two --- lines is not valid YAML{where}."
