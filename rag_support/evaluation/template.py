"""A question set to start from, made of a user's own corpus: one need for each of the best-spread sections.

The gold quote is filled in, the question is the section's own heading as a hint: the set's owner writes what customers
would really type, and adds the facts that a right answer must show. A template is a valid set as it is, so that a first
run works at once and shows retrieval, refusals and the promises.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from rag_support.errors import EvaluationError
from rag_support.evaluation.dataset import GoldSpan, Header, Need
from rag_support.types import LANGUAGES, Chunk

_NOTE = (
    "Write each question as a customer would type it, in ja, en and zh, or leave a language out. Add what a right "
    "answer must show under required. Add needs without an answer too: kind near_domain, far_domain or hostile."
)


def write_template(file: Path, chunks: Sequence[Chunk], needs: int) -> int:
    """Returns how many needs were written. Raises EvaluationError when the file is there already."""
    if file.exists():
        raise EvaluationError(f"{file}: it is there already, and a template would replace it. Give another name.")
    rows = list(_needs(chunks, needs))
    if not rows:
        raise EvaluationError("The corpus has no section with a heading and a sentence below it to ask about.")
    header = Header(format="rag-support/needs", split="dev", note=_NOTE)
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = [header.model_dump(exclude_defaults=True) | {"version": 1}]
    lines += [row.model_dump(exclude_defaults=True) for row in rows]
    file.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    return len(rows)


def _needs(chunks: Sequence[Chunk], needs: int) -> Iterator[Need]:
    """Sections spread evenly over the corpus, each with its first statement as the place that answers."""
    by_section: dict[tuple[str, ...], tuple[str, GoldSpan, str]] = {}
    for chunk in chunks:
        if (found := _asked(chunk)) is not None:
            by_section.setdefault((chunk.doc_id, *chunk.heading), found)  # a long section is several chunks
    usable = list(by_section.values())
    step = max(1, len(usable) / max(needs, 1))
    for number in range(min(needs, len(usable))):
        heading, gold, language = usable[int(number * step)]
        yield Need(id=f"need-{number + 1:03d}", kind="explain", questions={language: heading}, gold=[gold])


def _asked(chunk: Chunk) -> tuple[str, GoldSpan, str] | None:
    """Heading, first statement and language of a section; None where one is missing."""
    language = chunk.language.partition("-")[0]
    if not chunk.heading or language not in LANGUAGES:
        return None
    for span in chunk.spans:
        if span.kind not in ("heading", "question"):
            quote = chunk.source_of(span)
            return chunk.heading[-1], GoldSpan(document=chunk.doc_id, quote=quote), language
    return None
