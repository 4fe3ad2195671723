"""rag-support doctor: run every check, print a line for each, exit with 1 when one fails."""

import json
import os
import sys
from dataclasses import asdict

import click
from dotenv import dotenv_values

from rag_support.config import Settings
from rag_support.doctor.findings import Check, Finding, examine

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.pass_obj
def doctor(settings: Settings, as_json: bool) -> None:
    """Check installation, settings, corpus, index, model and machine, and say what mends them.

    Exit status 1 when a check fails; a warning leaves it at 0.
    """
    found = []
    for finding in examine(_checks(settings)):
        found.append(finding)
        if not as_json:
            _show(finding)
    failed = sum(finding.status == "fail" for finding in found)
    warned = sum(finding.status == "warn" for finding in found)
    if as_json:
        status = "fail" if failed else "warn" if warned else "ok"
        click.echo(json.dumps({"status": status, "findings": list(map(asdict, found))}, ensure_ascii=False, indent=1))
    elif failed or warned:
        click.echo(f"\n{failed} to mend, {warned} to look at.")
    else:
        click.echo("\nAll is well.")
    if failed:
        sys.exit(1)


def _checks(settings: Settings) -> list[tuple[str, Check]]:
    from rag_support.doctor import installation, machine

    variables = {**dotenv_values(".env"), **os.environ}
    return [
        ("python", installation.python),
        ("packages", installation.packages),
        ("extras", installation.extras),
        ("settings", lambda: installation.settings(variables)),
        *_knowledge(settings),
        ("disk", lambda: machine.disk(settings.index)),
        ("memory", machine.memory),
        ("port", lambda: machine.port(settings.host, settings.port)),
        ("access", lambda: machine.access(settings)),
    ]


def _knowledge(settings: Settings) -> list[tuple[str, Check]]:
    try:
        from rag_support.doctor.knowledge import Knowledge
    except ImportError as error:  # which the check of the packages explains
        missing = Finding("knowledge", "fail", f"not looked at: {error}")
        return [("knowledge", lambda: [missing])]
    knowledge = Knowledge(settings)
    return [
        ("corpus", knowledge.corpus),
        ("model", knowledge.model),
        ("index", knowledge.index),
        ("answer", knowledge.answer),
    ]


def _show(finding: Finding) -> None:
    click.echo(f"{click.style(f'{finding.status:<4}', _COLOURS[finding.status])}  {finding.check:<9} {finding.found}")
    if finding.mend:
        click.echo(f"{'':<16}→ {finding.mend}")
