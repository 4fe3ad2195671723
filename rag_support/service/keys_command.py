"""rag-support keys: add, list, revoke."""

from pathlib import Path

import click

from rag_support.config import Settings
from rag_support.errors import KeysError
from rag_support.service.keys import Scope, add_key, read_keys, revoke_key


@click.group()
def keys() -> None:
    """API keys of the service, in the file that RAG_SUPPORT_KEYS_FILE names."""


def _file(settings: Settings) -> Path:
    if settings.keys_file is None:
        raise KeysError(
            "RAG_SUPPORT_KEYS_FILE is not set. Name a file for the keys' hashes, as in /etc/rag-support/keys.json."
        )
    return settings.keys_file


@keys.command()
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice(["ask", "admin"]),
    multiple=True,
    default=["ask"],
    show_default=True,
    help="What the key is for; may be given twice.",
)
@click.pass_obj
def add(settings: Settings, name: str, scopes: tuple[Scope, ...]) -> None:
    """Make a key called NAME and print it, this once. A running server knows it at once."""
    text = add_key(_file(settings), name, scopes)
    click.echo(text)
    click.echo("Keep it now: it is stored nowhere, only its hash is.", err=True)


@keys.command("list")
@click.pass_obj
def list_keys(settings: Settings) -> None:
    """List the keys: name, scopes, when each was made."""
    for key in read_keys(_file(settings)):
        click.echo(f"{key.name}  {','.join(key.scopes)}  {key.created}")


@keys.command()
@click.argument("name")
@click.pass_obj
def revoke(settings: Settings, name: str) -> None:
    """Take the key called NAME out of use. A running server refuses it from the next request on."""
    revoke_key(_file(settings), name)
    click.echo(f"Revoked {name}.")
