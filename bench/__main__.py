"""python -m bench: measure everything, write bench.json and bench.png."""

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from bench import peers
from bench.figures import repeated
from bench.growth import growth, in_process
from bench.machine import machine, other_load
from bench.picture import draw
from bench.serving import cold_starts, serving
from bench.texts import customers_questions, readers_questions

CORPUS = Path(__file__).parents[1] / "corpus"
_SIZES = (1_000, 10_000, 100_000)
_LARGE = 1_000_000  # wants some 40 GB of memory
_GROWTH_QUESTIONS = 200


@click.command()
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), required=True, help="The training data.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path("docs/bench"))
@click.option("--repeats", type=click.IntRange(1), default=5, help="Of each load and start.")
@click.option("--requests", type=click.IntRange(2), default=2_000, help="Of each load.")
@click.option("--size", "sizes", type=click.IntRange(1), multiple=True, default=_SIZES, help="Passages to grow over.")
@click.option("--large", is_flag=True, help="A million passages, too.")
def main(data: Path, out: Path, repeats: int, requests: int, sizes: tuple[int, ...], large: bool) -> None:
    """Measure serving, building and growing; the floor and the peers are measured beside, in the same run."""
    found = peers.installed()
    for name in sorted(set(peers.NAMES) - set(found)):
        click.echo(f"{name} is not installed, and left out")
    asked = readers_questions(data, _GROWTH_QUESTIONS)  # before anything long: the data may not be there
    results: dict[str, Any] = {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "repeats": repeats,
        "requests": requests,
        "other_load": {"before": other_load()},
    }
    with tempfile.TemporaryDirectory(prefix="rag-support-bench-") as scratch:
        click.echo("building the shipped corpus")
        builds = [in_process("build", CORPUS, Path(scratch) / f"index-{number}") for number in range(repeats)]
        index = Path(scratch) / "index-0"
        results["build"] = builds[0] | {
            "seconds": repeated([build["seconds"] for build in builds]),
            "passages_per_s": repeated([build["passages_per_s"] for build in builds], more_is_better=True),
        }
        click.echo("cold starts")
        results["cold_start_s"] = cold_starts(index, repeats)
        click.echo("serving")
        results["serving"] = serving(index, customers_questions(), repeats, requests, found)
    results["growth"] = []
    for step in growth(data, [*sizes, *([_LARGE] if large else [])], asked):
        answer_ms, build_s = step["answer_ms"]["p50"], step["build"]["seconds"]
        click.echo(f"{step['passages']} passages: answer {answer_ms} ms, build {build_s} s")
        results["growth"].append(step)
    results["other_load"]["after"] = other_load()
    out.mkdir(parents=True, exist_ok=True)
    (out / "bench.json").write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    draw(results, out / "bench.png")
    click.echo(f"{out / 'bench.json'}, {out / 'bench.png'}")


if __name__ == "__main__":
    main()
