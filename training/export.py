"""The table and the tokenizer → a folder that `SentenceTransformer(folder)` opens.

The table is kept as bytes: each row divided by its own scale and rounded to -127 … 127, an error of at most 1/254 of
the row's largest value. The two tensors, `embeddings` (pieces, d) int8 and `weights` (pieces,) float32, are those of
the model2vec format, which sentence-transformers multiplies out to float32 when it opens the folder. 48,000 rows of 512
so take the room of 256 in half precision, and retrieve better.

Two forms of the table can be folded in, since a mean of weighted rows is a mean of rows: a weight per piece (smooth
inverse frequency, Arora et al., ICLR 2017) and the removal of the directions all texts share (the same paper;
arXiv:1702.01417).
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

# The module names that every release of sentence-transformers since 3.2 knows.
MODULES = [
    {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.StaticEmbedding"},
    {"idx": 1, "name": "1", "path": "1_Normalize", "type": "sentence_transformers.models.Normalize"},
]
LARGEST = 127
NUMBER_WEIGHT = 0.2


def piece_frequencies(tokens: np.ndarray, pieces: int) -> np.ndarray:
    """Share of each piece among all training tokens, (pieces,) float64."""
    counts = np.bincount(tokens, minlength=pieces).astype(np.float64)
    frequencies: np.ndarray = counts / counts.sum()
    return frequencies


def weighted(table: np.ndarray, frequencies: np.ndarray, smoothing: float) -> np.ndarray:
    """Each row times smoothing / (smoothing + its frequency)."""
    return (table * (smoothing / (smoothing + frequencies))[:, None]).astype(np.float32)


def without_common_directions(table: np.ndarray, frequencies: np.ndarray, directions: int) -> np.ndarray:
    """The table less its first principal directions, rows counted by their frequency; no mean is subtracted.

    Subtracting a mean from every row would move each text by the same vector before it is brought to unit length,
    which is a different model, not a removed direction.
    """
    scaled = table * np.sqrt(frequencies)[:, None]
    _, basis = np.linalg.eigh(scaled.T @ scaled)  # ascending eigenvalues
    common = basis[:, -directions:]
    rest: np.ndarray = (table - table @ common @ common.T).astype(np.float32)
    return rest


def with_quiet_numbers(table: np.ndarray, tokenizer: Tokenizer) -> np.ndarray:
    """The table with the rows of pieces that are digits times `NUMBER_WEIGHT`.

    Numbers get long vectors, being rare and telling in training; in a short statement (「電話番号は0120-…です」) they
    would drown the word that says what they are. The lexical leg of a search finds numbers by themselves.
    """
    pieces = ((tokenizer.id_to_token(row) or "").lstrip("▁") for row in range(len(table)))
    numbers = [any(map(str.isdigit, piece)) and not any(map(str.isalpha, piece)) for piece in pieces]
    quiet = table.copy()
    quiet[numbers] *= NUMBER_WEIGHT
    return quiet


def quantize(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`embeddings` int8 and `weights` float32, with embeddings * weights[:, None] nearly the table."""
    weights = np.abs(table).max(axis=1) / LARGEST
    weights = np.where(weights > 0, weights, 1).astype(np.float32)
    return np.rint(table / weights[:, None]).astype(np.int8), weights


def write_model(table: np.ndarray, tokenizer_file: Path, folder: Path) -> None:
    """Write the files of the model; others in `folder`, such as its card, stay as they are."""
    from safetensors.numpy import save_file

    (folder / "1_Normalize").mkdir(parents=True, exist_ok=True)
    tokenizer = Tokenizer.from_file(str(tokenizer_file))
    embeddings, weights = quantize(with_quiet_numbers(table, tokenizer))
    save_file({"embeddings": embeddings, "weights": weights}, folder / "model.safetensors")
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    _write_json(folder / "modules.json", MODULES)
    _write_json(folder / "1_Normalize" / "config.json", {})
    configuration = {
        "__version__": {"sentence_transformers": version("sentence-transformers")},
        "default_prompt_name": None,
        "model_type": "SentenceTransformer",
        "prompts": {},
        "similarity_fn_name": "cosine",
    }
    _write_json(folder / "config_sentence_transformers.json", configuration)
    (folder / "model.safetensors").chmod(0o644)


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
