"""`rag-support index list` and `rag-support index rollback`: which snapshots there are, and going back to one."""

import click

from rag_support.config import Settings


@click.command("list")
@click.pass_obj
def list_snapshots(settings: Settings) -> None:
    """List the snapshots, newest first, and check every file of each."""
    from rag_support.publishing import standings

    found = standings(settings.index)
    for standing in found:
        mark = "*" if standing.live else " "
        verdict = standing.problem or "sound"
        click.echo(f"{mark} {standing.snapshot_id}  {standing.created}  {standing.documents} documents  {verdict}")
    if not any(standing.live for standing in found):
        click.echo(
            f"{settings.index}: none of its snapshots is live. Run `make index` (or `rag-support index`).", err=True
        )


@click.command()
@click.argument("snapshot_id", required=False)
@click.pass_obj
def rollback(settings: Settings, snapshot_id: str | None) -> None:
    """Make an older snapshot live again: the newest sound one before the live one, or that with SNAPSHOT_ID.

    Its files are checked first. Running servers take it up by themselves; the next `rag-support index` replaces it.
    """
    from rag_support.embedding import configured_embedder
    from rag_support.publishing import roll_back

    done = roll_back(settings.index, configured_embedder(settings).model_id, snapshot_id)
    if done.before == done.now:
        click.echo(f"{done.now} is live already.")
    else:
        click.echo(f"{done.before or 'nothing'} → {done.now}")


def list_conflicts(settings: Settings) -> None:
    """For editors: what disagreements.jsonl lists, and what it does not: pairs with different values for one thing, and
    statements that tell of another side themselves.
    """
    from rag_support import snapshot
    from rag_support.answering.conflicts import marks_another_side
    from rag_support.answering.disagreement import Place, disagreements
    from rag_support.answering.register import Register
    from rag_support.retrieval.passages import PassageStore

    folder = settings.index / snapshot.current_id(settings.index)
    snapshot.check_files(folder, snapshot.read_manifest(folder), [snapshot.PASSAGES, snapshot.DISAGREEMENTS])
    store = PassageStore(folder / snapshot.PASSAGES)
    register = Register.load(folder / snapshot.DISAGREEMENTS, store)
    chunks = [store.chunk(row) for row in range(len(store))]

    def listed(place: Place) -> bool:
        return register.lists((place.chunk.chunk_id, place.chunk.spans.index(place.span)))

    click.echo(f"Listed disagreements: {len(register)}")
    for entry in register:
        click.echo(f"  {entry.topic['ja']}: {len(entry.sides)} sides")
    pairs = [pair for pair in disagreements(chunks) if not all(map(listed, pair))]
    click.echo(f"Not listed: different values for the same thing: {len(pairs)}")
    for one, other in pairs:
        click.echo(f"  {one}\n  {other}\n")
    places = (Place(chunk, span) for chunk in chunks for span in chunk.spans)
    marked = [place for place in places if marks_another_side(place.text) and not listed(place)]
    click.echo(f"Not listed: statements that tell of another side: {len(marked)}")
    for place in marked:
        click.echo(f"  {place}")
