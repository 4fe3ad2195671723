"""The held-out curve of one training run: measured on the development texts, written as JSON and PNG."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from training.data import JAQUAD_TRAIN, draw_held_out, evaluation_rows
from training.evaluate import recalls, retrieval_set, translation_accuracy
from training.texts import own_rows
from training.train import Point, Recipe

Measure = Callable[[np.ndarray], dict[str, float]]  # table → figures, shares between 0 and 1


def embed(table: np.ndarray, tokenizer: Tokenizer, texts: Sequence[str]) -> np.ndarray:
    """Unit rows (n, d) float32, as the finished model gives them."""
    import torch
    from torch.nn import functional

    ids = [encoding.ids or [0] for encoding in tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in ids])[:-1]])
    flat = torch.from_numpy(np.concatenate(ids).astype(np.int64))
    means = functional.embedding_bag(flat, torch.from_numpy(table), torch.from_numpy(offsets), mode="mean")
    unit: np.ndarray = functional.normalize(means, dim=1).numpy()
    return unit


def development_measure(data: Path, tokenizer: Tokenizer) -> Measure:
    """Held-out translation (accuracy@1, both directions averaged) and questions (recall@5).

    The questions are our own held-out ones, each over all passages of its kind, and those of JSQuAD's valid split. None
    of these texts is among those of evaluation.json.
    """
    held_out = draw_held_out(data).development
    asked = own_rows(evaluation_rows(data, JAQUAD_TRAIN), prefix="held-out-")
    sets = [retrieval_set(name.removeprefix("own/"), rows, False) for name, rows in asked.items()]
    sets.append(retrieval_set("jsquad-valid.ja", evaluation_rows(data, "qa/jsquad-valid.ja"), True))

    def measure(table: np.ndarray) -> dict[str, float]:
        figures = {}
        for languages, pairs in held_out.items():
            left, right = (embed(table, tokenizer, side) for side in zip(*pairs, strict=True))
            figures[languages] = round(float(np.mean(translation_accuracy(left, right))), 4)
        for task in sets:
            queries, passages = embed(table, tokenizer, task.queries), embed(table, tokenizer, task.passages)
            figures[task.name] = recalls(queries @ passages.T, task.relevant)["recall@5"]
        return figures

    return measure


class Curve:
    """Prints points as they come; `write` leaves curve.json and curve.png."""

    def __init__(self, folder: Path, recipe: Recipe) -> None:
        self.folder = folder
        self.recipe = recipe
        self.points: list[Point] = []

    def add(self, point: Point) -> None:
        self.points.append(point)
        figures = "  ".join(f"{name} {value:.3f}" for name, value in point.accuracy.items())
        print(f"step {point.step:6d}  {point.seconds:5.0f} s  loss {point.loss:.3f}  {figures}", flush=True)

    def write(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        record = {
            "recipe": dataclasses.asdict(self.recipe),
            "points": [dataclasses.asdict(point) | {"seconds": round(point.seconds)} for point in self.points],
        }
        (self.folder / "curve.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        self._plot()

    def _plot(self) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(figsize=(10, 3.4), layout="constrained")
        FigureCanvasAgg(figure)
        losses, shares = figure.subplots(1, 2)
        steps = [point.step for point in self.points]
        losses.plot(steps, [point.loss for point in self.points])
        losses.set(xlabel="step", ylabel="training loss (nats)")
        for name in self.points[-1].accuracy:
            shares.plot(steps, [point.accuracy[name] for point in self.points], label=name)
        shares.set(xlabel="step", ylabel="held out, accuracy@1 or recall@5")
        shares.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1.02, 1))  # beside the curves, not on them
        figure.savefig(self.folder / "curve.png", dpi=110)
