"""rag-support feedback: report, export, delete, purge. Each parses, calls one function, prints."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rag_support.config import Settings
from rag_support.errors import FeedbackError, RagSupportError, SnapshotError
from rag_support.feedback.address import may_hold_rows

if TYPE_CHECKING:
    from rag_support.evaluation.dataset import GoldSpan
    from rag_support.feedback.records import Removed
    from rag_support.feedback.store import FeedbackStore

_MOST_CASES = 20_000  # of the newest, in a report or an export
_SINCE = click.option("--since", "days", type=click.IntRange(1), help="Only the last DAYS days.", metavar="DAYS")


@click.group()
def feedback() -> None:
    """What users said of the answers, and what they asked."""


@feedback.command()
@_SINCE
@click.option("--topics", "most_topics", type=click.IntRange(1), default=20, help="How many topics to list.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@click.pass_obj
def report(settings: Settings, days: int | None, most_topics: int, as_json: bool) -> None:
    """What users ask that the sources do not answer, by language and topic."""
    from rag_support.config import SHIPPED_EMBEDDER
    from rag_support.embedding import load_embedder
    from rag_support.feedback.report import as_text, build_report

    with _store(settings) as store:
        counts, cases = store.counts(_since(days)), store.cases(_since(days), _MOST_CASES)
    with _sections(settings) as section_of:
        found = build_report(counts, cases, load_embedder(SHIPPED_EMBEDDER), section_of)
    if as_json:
        click.echo(json.dumps(found.as_json(), ensure_ascii=False, indent=2))
        return
    if not settings.question_log:
        click.echo("The question log is off (RAG_SUPPORT_QUESTION_LOG): only answers with feedback are counted.\n")
    click.echo(as_text(found, most_topics))


@feedback.command()
@_SINCE
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The file to write.")
@click.pass_obj
def export(settings: Settings, days: int | None, out: Path) -> None:
    """Write refused questions and thumbs down as rows for eval/, to be finished by an editor."""
    from rag_support.feedback.export import export_rows

    with _store(settings) as store:
        cases = store.cases(_since(days), _MOST_CASES)
    written = export_rows(out, cases, _nearest(settings))
    click.echo(f"{out}: {written} rows. In each, see to what `fill_in` names, then delete `fill_in` and `told`.")


@feedback.command()
@click.argument("identifier", metavar="ID")
@click.pass_obj
def delete(settings: Settings, identifier: str) -> None:
    """Remove an answer's question and all feedback on it, by the ID of the answer or of the feedback."""
    with _store(settings) as store:
        removed = store.delete(identifier)
    if not removed.answers:
        raise FeedbackError(f"{identifier}: there is no answer and no feedback with this id.")
    click.echo(_told(removed))


@feedback.command()
@click.option("--older-than", "days", type=click.IntRange(0), required=True, metavar="DAYS", help="0 removes all.")
@click.pass_obj
def purge(settings: Settings, days: int) -> None:
    """Remove all questions and feedback that are older than DAYS days."""
    with _store(settings) as store:
        removed = store.purge(datetime.now(UTC) - timedelta(days=days))
    click.echo(_told(removed))


def _told(removed: "Removed") -> str:
    return f"Removed: {removed.answers} answers, {removed.feedback} of them with feedback."


def _since(days: int | None) -> datetime | None:
    return None if days is None else datetime.now(UTC) - timedelta(days=days)


@contextmanager
def _store(settings: Settings) -> "Iterator[FeedbackStore]":
    if not may_hold_rows(settings.feedback_url):
        raise FeedbackError(
            f"{settings.feedback_url}: there is no feedback yet. The database is made with the first one; if there is "
            "another, name it in RAG_SUPPORT_FEEDBACK_URL."
        )
    from rag_support.feedback.store import FeedbackStore

    store = FeedbackStore(settings.feedback_url)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def _sections(settings: Settings) -> Iterator[Callable[[str], str | None]]:
    """The sections of the live index by passage id; none where there is no index."""
    from rag_support import snapshot
    from rag_support.retrieval.passages import PassageStore

    try:
        folder = settings.index / snapshot.current_id(settings.index)
        snapshot.check_files(folder, snapshot.read_manifest(folder), [snapshot.PASSAGES])
    except SnapshotError:
        yield lambda _: None
        return
    passages = PassageStore(folder / snapshot.PASSAGES)

    def section_of(passage_id: str) -> str | None:
        chunk = passages.by_id(passage_id)
        return " › ".join((chunk.doc_id, *chunk.heading)) if chunk else None

    try:
        yield section_of
    finally:
        passages.close()


def _nearest(settings: Settings) -> "Callable[[str], GoldSpan | None]":
    """What comes nearest to a text in the live index; nothing where there is none."""
    from rag_support.embedding import configured_embedder
    from rag_support.evaluation.dataset import GoldSpan
    from rag_support.pipeline import Pipeline
    from rag_support.question import MAX_CHARS

    try:
        pipeline = Pipeline.open(settings.index, configured_embedder(settings), settings.fallback_language)
    except RagSupportError:
        return lambda _: None

    def nearest(text: str) -> GoldSpan | None:
        for hit in pipeline.search(text[:MAX_CHARS], 1):
            scored = zip(hit.span_scores, hit.chunk.spans, strict=True)
            statements = [(score, span) for score, span in scored if span.kind not in ("heading", "question")]
            if statements:
                _, best = max(statements, key=itemgetter(0))
                return GoldSpan(document=hit.chunk.doc_id, quote=hit.chunk.source_of(best))
        return None

    return nearest
