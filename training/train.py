"""Token ids → the table: one vector per piece, a text being the unit-length mean of its pieces' vectors.

Each batch is drawn from one group of files, so that its other texts are negatives of the same style and subject. The
loss is the softmax over the batch in both directions (InfoNCE, arXiv:1807.03748; multiple negatives, arXiv:1705.00652);
pairs that share a text with the row are masked, being no negatives. Half of the pairs have one side cut to a span,
which teaches that a short query may match a part of a passage. Only the table's rows that occur in a batch are touched:
lazy Adam (arXiv:1412.6980), as torch.optim.SparseAdam does it, without building sparse tensors.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse import csr_matrix

from training.data import QUESTION_FOLDERS
from training.encode import Pairs

SHORTEST_CROPPED_TOKENS = 6


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything the table depends on besides the data."""

    pieces: int = 64_000
    latin_pieces: int = 24_000  # of them
    dimensions: int = 512
    epochs: float = 4.0
    batch_pairs: int = 2_048
    long_batch_pairs: int = 1_024  # for question → passage, whose texts are ten times longer
    temperature: float = 0.07
    learning_rate: float = 0.02
    warmup: float = 0.02  # share of all steps
    crop_share: float = 0.5  # of pairs whose one side is cut to a span, as a short query is beside a passage
    seed: int = 7


@dataclass(frozen=True, slots=True)
class Point:
    """One point of the curve."""

    step: int
    seconds: float
    loss: float  # mean since the last point
    accuracy: dict[str, float]  # held-out figures by set: accuracy@1 of translations, recall@5 of questions


@dataclass(frozen=True, slots=True)
class Texts:
    """Token ids of several texts, end to end, and where each text starts."""

    tokens: np.ndarray
    offsets: np.ndarray

    def averaging(self, places: np.ndarray) -> csr_matrix:
        """The sparse matrix (texts, pieces of the batch) that takes piece vectors to means; `places`: columns."""
        bounds = np.append(self.offsets, len(self.tokens))
        lengths = np.diff(bounds)
        shares = np.repeat((1 / lengths).astype(np.float32), lengths)
        return csr_matrix((shares, places, bounds), shape=(len(lengths), int(places.max()) + 1))


def batches(pairs: Pairs, recipe: Recipe, chooser: np.random.Generator) -> list[np.ndarray]:
    """One epoch: batches of pair numbers, each from one group, in random order.

    A pair of weight 2.3 comes twice, and a third time with probability 0.3.
    """
    draws = np.floor(pairs.weight + chooser.random(len(pairs.weight), dtype=np.float32)).astype(np.int64)
    found: list[np.ndarray] = []
    for number, name in enumerate(pairs.groups):
        members = np.flatnonzero(pairs.group == number)
        drawn = chooser.permutation(np.repeat(members, draws[members]))
        size = recipe.long_batch_pairs if name.split("/")[0] in QUESTION_FOLDERS else recipe.batch_pairs
        # array_split spreads the remainder, so that no batch is left with a handful of negatives.
        found += np.array_split(drawn, max(1, round(len(drawn) / size))) if len(drawn) > 1 else []
    return [found[index] for index in chooser.permutation(len(found))]


def gather(pairs: Pairs, rows: np.ndarray, crop_share: float, chooser: np.random.Generator) -> Texts:
    """Token ids of the left sides of `rows`, then of the right sides; some sides cut to a span of their tokens."""
    texts = np.concatenate([2 * rows, 2 * rows + 1])
    starts = pairs.starts[texts]
    lengths = pairs.starts[texts + 1] - starts
    cropped = chooser.random(len(rows)) < crop_share
    on_left = chooser.random(len(rows)) < 0.5
    cropped = np.concatenate([cropped & on_left, cropped & ~on_left]) & (lengths >= SHORTEST_CROPPED_TOKENS)
    share = np.where(cropped, chooser.uniform(0.3, 1.0, len(texts)), 1.0)
    kept = np.ceil(lengths * share).astype(np.int64)
    starts = starts + (chooser.random(len(texts)) * (lengths - kept + 1)).astype(np.int64)
    offsets = np.concatenate([[0], np.cumsum(kept)[:-1]])
    positions = np.repeat(starts - offsets, kept) + np.arange(kept.sum())
    return Texts(pairs.tokens[positions].astype(np.int64), offsets)


def learning_rates(recipe: Recipe, steps: int) -> Iterator[float]:
    """A linear rise, then a linear fall to a hundredth of the peak."""
    rise = max(1, round(recipe.warmup * steps))
    for step in range(steps):
        share = (step + 1) / rise if step < rise else max(0.01, (steps - step) / (steps - rise))
        yield recipe.learning_rate * share


def train_table(
    pairs: Pairs,
    recipe: Recipe,
    measure: Callable[[np.ndarray], dict[str, float]],
    report: Callable[[Point], None],
    points: int = 12,
) -> np.ndarray:
    """Train and return the table, (pieces, dimensions) float32; `report` gets about `points` points."""
    torch.manual_seed(recipe.seed)
    chooser = np.random.default_rng(recipe.seed)
    table = torch.randn(recipe.pieces, recipe.dimensions) * 0.1
    first, second = torch.zeros_like(table), torch.zeros_like(table)

    plan: list[np.ndarray] = []
    for _ in range(int(np.ceil(recipe.epochs))):
        plan += batches(pairs, recipe, chooser)
    plan = plan[: round(len(plan) * recipe.epochs / np.ceil(recipe.epochs))]

    report_steps = set(np.linspace(0, len(plan), points + 1).round().astype(int).tolist()[1:])
    losses: list[float] = []
    start = time.monotonic()
    for step, (rows, rate) in enumerate(zip(plan, learning_rates(recipe, len(plan)), strict=True), start=1):
        texts = gather(pairs, rows, recipe.crop_share, chooser)
        used, places = np.unique(texts.tokens, return_inverse=True)
        index = torch.from_numpy(used)
        loss, gradient = loss_and_gradient(table[index], texts.averaging(places), pairs.keys[rows], recipe.temperature)
        _adam(table, first, second, index, gradient, rate, step)
        losses.append(loss)
        if step in report_steps:
            seconds = time.monotonic() - start
            report(Point(step, seconds, float(np.mean(losses)), measure(table.numpy())))
            losses = []
    trained: np.ndarray = table.numpy()
    return trained


def loss_and_gradient(
    part: torch.Tensor, averaging: csr_matrix, keys: np.ndarray, temperature: float
) -> tuple[float, torch.Tensor]:
    """Mean loss over both directions in nats, and its gradient in `part`, the vectors of the batch's pieces.

    `averaging` @ part are the texts' means, left sides first. Written out by hand because it is 4 times as fast here as
    automatic differentiation of the same expression, which sorts the pieces and keeps every (n, n) step;
    with scores s, rows' and columns' softmax p and q, the gradient of the mean loss in s is (p + q - 2 I) / 2n.
    """
    count = len(keys)
    means = torch.from_numpy(averaging @ part.numpy())
    norms = means.norm(dim=1, keepdim=True).clamp_min(1e-12)
    unit = means / norms
    # Products of unit vectors in half precision: 3 times as fast, and an error of 0.002 in a cosine is far below noise.
    half = unit.bfloat16()
    left, right = half[:count], half[count:]
    scores = (left @ right.T).float().div_(temperature)
    scores[_shared_texts(keys)] = -torch.inf
    by_row, by_column = scores.logsumexp(1, keepdim=True), scores.logsumexp(0, keepdim=True)
    diagonal = scores.diagonal()
    loss = (by_row.squeeze(1) + by_column.squeeze(0) - 2 * diagonal).mean().item() / 2
    slope = (scores - by_row).exp_().add_((scores - by_column).exp_())
    slope.diagonal().sub_(2)
    slope = slope.div_(2 * count * temperature).bfloat16()
    in_unit = torch.cat([slope @ right, slope.T @ left]).float()
    in_means = (in_unit - unit * (in_unit * unit).sum(1, keepdim=True)) / norms
    return loss, torch.from_numpy(averaging.T @ in_means.numpy())


def _shared_texts(keys: np.ndarray) -> tuple[torch.Tensor, ...]:
    """Places (i, j), i ≠ j, of the scores where pairs i and j share a text, and so are no negatives of one another."""
    found: list[tuple[np.ndarray, np.ndarray]] = []
    for side in (0, 1):
        order = np.argsort(keys[:, side], kind="stable")
        bounds = np.flatnonzero(np.diff(keys[order, side])) + 1
        for same in np.split(order, bounds):
            if len(same) > 1:
                rows, columns = np.meshgrid(same, same, indexing="ij")
                off = rows != columns
                found.append((rows[off], columns[off]))
    if not found:
        found.append((np.zeros(0, np.int64), np.zeros(0, np.int64)))
    return tuple(torch.from_numpy(np.concatenate(part)) for part in zip(*found, strict=True))


def _adam(
    table: torch.Tensor,
    first: torch.Tensor,
    second: torch.Tensor,
    index: torch.Tensor,
    gradient: torch.Tensor,
    rate: float,
    step: int,
) -> None:
    """One step of Adam on the rows `index`, in place; the moments of other rows wait."""
    beta1, beta2 = 0.9, 0.999
    mean = first[index].mul_(beta1).add_(gradient, alpha=1 - beta1)
    square = second[index].mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
    first[index], second[index] = mean, square
    scale = rate * (1 - beta2**step) ** 0.5 / (1 - beta1**step)
    table[index] -= scale * mean / (square.sqrt_() + 1e-8)
