"""rag-support: index, serve, ask, mcp, translations, feedback, eval, keys, doctor.

Each command parses, calls one function, prints.
"""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from rag_support import __version__
from rag_support.config import Settings
from rag_support.doctor.command import doctor
from rag_support.errors import NoSnapshot, OutdatedSnapshot, RagSupportError, SnapshotError
from rag_support.evaluation.commands import evaluate
from rag_support.feedback.commands import feedback
from rag_support.index_commands import list_conflicts, list_snapshots, rollback
from rag_support.logs import configure_logging
from rag_support.progress import Progress
from rag_support.service.keys_command import keys


class _Command(click.Group):
    """Turns every error raised on purpose into one line and exit status 1; anything else is a fault, shown as one."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except RagSupportError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=_Command)
@click.version_option(__version__)
@click.pass_context
def main(ctx: click.Context) -> None:
    """Customer-support questions in Japanese, English or Chinese, answered from a Japanese guide with citations.

    Settings are environment variables named RAG_SUPPORT_…, or lines in a file `.env`; see the README.
    """
    try:
        settings = Settings()
    except ValidationError as error:
        wrong = [f"RAG_SUPPORT_{str(found['loc'][0]).upper()}: {found['msg']}" for found in error.errors()]
        raise click.ClickException(f"the settings are not valid: {'; '.join(wrong)}") from error
    configure_logging(settings.log_level, settings.log_format)
    ctx.obj = settings


@main.group(invoke_without_command=True)
@click.option("--conflicts", is_flag=True, help="List where the sources of the live index disagree; build nothing.")
@click.pass_context
def index(ctx: click.Context, conflicts: bool) -> None:
    """Build the index from the corpus and publish it, or do with its snapshots what a command says."""
    if conflicts:
        list_conflicts(ctx.obj)
        ctx.exit()
    if ctx.invoked_subcommand is None:
        _build(ctx.obj)


def _build(settings: Settings) -> None:
    from rag_support.embedding import configured_embedder
    from rag_support.ingest.build import build_index

    with Progress() as progress:
        manifest = build_index(
            settings.corpus,
            settings.index,
            configured_embedder(settings),
            keep=settings.keep_snapshots,
            progress=progress.show,
        )
    counts = manifest.counts
    languages = ", ".join(f"{language} {number}" for language, number in counts.passages.items())
    click.echo(
        f"Index {manifest.snapshot_id}: {counts.documents} documents, {counts.chunks} chunks, passages {languages}, "
        f"{counts.vectors} vectors."
    )
    for left in manifest.left_out:
        click.echo(f"Left out: {left.doc_id}: {left.problem} {left.mend}", err=True)
    for found in manifest.planted:
        click.echo(f"Look at: {found}", err=True)


def _has_none(settings: Settings) -> bool:
    """Whether there is no index, or only one of another version or model. A damaged one is for its owner to see."""
    from rag_support import snapshot
    from rag_support.embedding import configured_embedder

    try:
        manifest = snapshot.read_manifest(settings.index / snapshot.current_id(settings.index))
    except (NoSnapshot, OutdatedSnapshot):
        return True
    except SnapshotError:
        return False
    return manifest.embedder != configured_embedder(settings).model_id


@main.command()
@click.option(
    "--build-if-missing", is_flag=True, help="Build the index first when there is none for this version and model."
)
@click.pass_obj
def serve(settings: Settings, build_if_missing: bool) -> None:
    """Serve the HTTP API and the web page until interrupted."""
    if build_if_missing and _has_none(settings):
        _build(settings)
    from rag_support.service.workers import serve as run

    run(settings)


@main.command()
@click.argument("question")
@click.option(
    "--language", type=click.Choice(["auto", "ja", "en", "zh"]), default="auto", help="Language of the answer."
)
@click.option("--top-k", type=click.IntRange(1, 50), default=10, help="Passages to search.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole answer as the HTTP API gives it.")
@click.pass_obj
def ask(settings: Settings, question: str, language: str, top_k: int, as_json: bool) -> None:
    """Answer one QUESTION on the terminal, with its sources."""
    from rag_support.answering.footnotes import footnotes
    from rag_support.answering.generative import configured_writer
    from rag_support.embedding import configured_embedder
    from rag_support.pipeline import Pipeline
    from rag_support.types import Answer

    embedder = configured_embedder(settings)
    writer = configured_writer(settings, embedder)
    pipeline = Pipeline.open(settings.index, embedder, settings.fallback_language, writer)

    async def written() -> Answer:
        try:
            return await pipeline.written(question, language, top_k)
        finally:
            if writer is not None:
                await writer.close()

    answer = asyncio.run(written())
    if as_json:
        from rag_support.service.schemas import AnswerResponse

        click.echo(AnswerResponse.of(answer).model_dump_json(indent=2))
        return
    click.echo(answer.draft.text)
    if answer.draft.citations:
        click.echo(f"\n{footnotes(answer.draft.citations)}")


@main.command()
@click.pass_obj
def mcp(settings: Settings) -> None:
    """Serve the tools answer, search and passage to an MCP client over standard input and output."""
    from rag_support.service.mcp_server import serve as run

    run(settings)


@main.group()
def translations() -> None:
    """The reviewed translation memory under <corpus>/translations."""


def _with_segments(action: Callable[[Path, str, dict[str, Any]], None], settings: Settings) -> None:
    from rag_support.ingest.readers import read_corpus
    from rag_support.ingest.translation_memory import TARGET_LANGUAGES, segments_of

    segments = segments_of(read_corpus(settings.corpus).documents)
    for language in TARGET_LANGUAGES:
        action(settings.corpus, language, segments)


@translations.command()
@click.option("--verbose", is_flag=True, help="List every missing and fuzzy segment.")
@click.pass_obj
def check(settings: Settings, verbose: bool) -> None:
    """Report coverage and stale entries per language; exit status 1 unless every segment is reviewed."""
    from rag_support.ingest.translation_memory import coverage

    complete = True

    def report(corpus: Path, language: str, segments: dict[str, Any]) -> None:
        nonlocal complete
        found = coverage(corpus, language, segments)
        complete &= found.complete
        share = 100 * found.reviewed / found.segments if found.segments else 100.0
        click.echo(
            f"{language}: {share:.1f}% reviewed ({found.reviewed} of {found.segments} segments), "
            f"{len(found.missing)} missing, {len(found.fuzzy)} fuzzy, {found.obsolete} no longer used"
        )
        listed = [(kind, text) for kind in ("missing", "fuzzy") for text in getattr(found, kind)]
        for kind, text in listed if verbose else []:
            place = segments[text][0]
            click.echo(f"  {kind} {place.doc_id}:{place.line}: {text}")

    _with_segments(report, settings)
    if not complete:
        click.echo(
            "Run `rag-support translations update`, translate what is new in a PO editor, and check again.", err=True
        )
        sys.exit(1)


@translations.command()
@click.pass_obj
def update(settings: Settings) -> None:
    """Bring new and changed segments into the catalogues; no translation is lost."""
    from rag_support.ingest.translation_memory import catalog_path, update_catalog

    def merge(corpus: Path, language: str, segments: dict[str, Any]) -> None:
        update_catalog(corpus, language, segments)
        click.echo(f"updated {catalog_path(corpus, language)}")

    _with_segments(merge, settings)


main.add_command(evaluate)
main.add_command(feedback)
main.add_command(keys)
main.add_command(doctor)
for command in (list_snapshots, rollback):
    index.add_command(command)

if __name__ == "__main__":
    main()
