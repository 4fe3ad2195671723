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
