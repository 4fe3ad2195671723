"""`python -m training --data ../shared/training --out rag_support/models/trilingual-static`: data → model folder.

Every stage leaves its result under the cache, in a folder named for what it depends on; a second run takes up where
the first one stopped. The curve and the figures go to training/runs/.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import os
import time
from pathlib import Path

import numpy as np

from training import data as data_module
from training.curve import Curve, development_measure
from training.encode import open_pairs, write_pairs
from training.evaluate import evaluate, model_encoder, write_figures
from training.export import piece_frequencies, write_model
from training.fold import choose_fold
from training.texts import TEXTS
from training.tokenizer import load_tokenizer, train_tokenizer
from training.traditional import with_traditional
from training.train import Recipe, train_table

HERE = Path(__file__).parent


def main() -> None:
    arguments = _parse()
    recipe = Recipe(epochs=arguments.epochs)
    started = time.monotonic()
    _set_threads(arguments.threads)

    texts = arguments.cache / _name(_data_facts(arguments.data), recipe.pieces, recipe.latin_pieces)
    prepare(arguments.data, recipe, texts)
    pairs, tokenizer = open_pairs(texts / "pairs"), load_tokenizer(texts / "tokenizer.json")
    _say(
        started, f"{len(pairs.weight):,} pairs, {len(pairs.tokens):,} tokens, {pairs.weight.sum():,.0f} draws an epoch"
    )

    measure = development_measure(arguments.data, tokenizer)
    table_file = texts / f"table-{_name(dataclasses.asdict(recipe))}.npy"
    if not table_file.exists():
        curve = Curve(arguments.runs, recipe)
        table = train_table(pairs, recipe, measure, curve.add)
        curve.write()
        _save(table_file, table)
    table = np.load(table_file)
    _say(started, "table trained")

    fold = choose_fold(table, piece_frequencies(pairs.tokens, recipe.pieces), measure)
    (arguments.runs / "fold.json").write_text(
        json.dumps(fold.tried, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    write_model(fold.table, texts / "tokenizer.json", arguments.out)
    _say(started, f"model written to {arguments.out}, folded in: {fold.name}")

    write_figures(evaluate(model_encoder(arguments.out), arguments.data), arguments.runs / "evaluation.json")
    _say(started, "evaluated")


def prepare(data: Path, recipe: Recipe, folder: Path) -> None:
    """Tokenizer and token ids under `folder`, unless they are there."""
    if (folder / "pairs" / "groups.json").exists():
        return
    loaded = data_module.load(data)
    sources = with_traditional(loaded.sources, data)
    print(f"{len(sources)} sources; the guard dropped {loaded.dropped_rows:,} rows", flush=True)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = train_tokenizer(sources, recipe.pieces, recipe.latin_pieces)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    # groups.json is written last, so its presence means that every array is whole.
    write_pairs(sources, tokenizer, folder / "pairs")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with dictionary/, pairs/, parallel/ and qa/")
    parser.add_argument("--out", type=Path, required=True, help="model folder to write")
    parser.add_argument("--cache", type=Path, default=HERE / ".cache", help="token ids and tables; safe to delete")
    parser.add_argument("--runs", type=Path, default=HERE / "runs", help="curve and figures")
    parser.add_argument(
        "--epochs", type=float, default=Recipe().epochs, help="a fifth of one gives a first rough model"
    )
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="processor threads")
    return parser.parse_args()


def _set_threads(threads: int) -> None:
    import torch

    torch.set_num_threads(threads)


def _data_facts(data: Path) -> list[object]:
    found = [*data.glob("*/*.tsv.gz"), *TEXTS.glob("*.jsonl")]
    files = sorted((f"{path.parent.name}/{path.name}", path.stat().st_size) for path in found)
    return [files, data_module.WEIGHTS, data_module.SEED]


def _name(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:12]


def _save(path: Path, table: np.ndarray) -> None:
    """Through a second name: a half-written table must not look like a finished one."""
    partial = path.with_suffix(".partial.npy")
    np.save(partial, table)
    partial.replace(path)


def _say(started: float, message: str) -> None:
    print(f"[{time.monotonic() - started:6.0f} s] {message}", flush=True)


if __name__ == "__main__":
    main()
