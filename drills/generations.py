"""Small indexes that tell which generation they are of: by their texts, their terms, their vectors and their answers.

Every document of generation n states a price that only n has and holds a word that only n has. An index all of whose
parts tell of one generation is whole; one whose parts tell of two is mixed.
"""

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Regex, Tokenizer, models, pre_tokenizers

from rag_support.embedding import load_embedder
from rag_support.pipeline import Pipeline
from rag_support.types import Embedder

QUESTION = "配送料はいくらですか"
_DIMENSIONS = 16
_SAME = 0.9999  # cosine of a text with itself
_TOPICS = ("配送料", "手数料", "会費")


def statement(generation: int, topic: str = _TOPICS[0]) -> str:
    return f"{topic}は全国一律{_price(generation)}です。"


def write_corpus(folder: Path, generation: int, more: int = 0) -> Path:
    """Three documents, and so many more."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(more):
        text = f"# {number}\n\n{number}の案内は{_word(generation)}です。\n"
        (folder / f"more-{number}.md").write_text(text, encoding="utf-8")
    for number, topic in enumerate(_TOPICS):
        text = f"# {topic}\n\n{statement(generation, topic)}\n\n{topic}の案内は{_word(generation)}です。\n"
        (folder / f"{number}.md").write_text(text, encoding="utf-8")
    return folder


def small_embedder(folder: Path) -> Embedder:
    """A static model: a token is a character, its vector is random."""
    characters = sorted({*map(chr, range(0x20, 0x7F)), *"".join((QUESTION, statement(0), *_TOPICS, "の案内は"))})
    vocabulary = {token: number for number, token in enumerate(["[UNK]", *characters])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    rows = np.random.default_rng(0).standard_normal((len(vocabulary), _DIMENSIONS)).astype(np.float32)
    folder.mkdir()
    tokenizer.save(str(folder / "tokenizer.json"))
    save_file({"embedding.weight": rows}, folder / "model.safetensors")
    module = {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.StaticEmbedding"}
    (folder / "modules.json").write_text(json.dumps([module]), encoding="utf-8")
    return load_embedder(str(folder))


def told(pipeline: Pipeline, generations: Iterable[int]) -> set[int]:
    """Those of these generations that any part of an opened index tells of."""
    retriever = pipeline.retriever
    chunks = [retriever.passages.chunk(row) for row in range(len(retriever.passages))]
    answer = pipeline.answer(QUESTION, "ja")
    seen = "\n".join((answer.draft.text, *(hit.chunk.text for hit in answer.hits)))
    found = set()
    for generation in generations:
        by_text = [any(_price(generation) in chunk.text for chunk in chunks), _price(generation) in seen]
        by_terms = retriever.knows(_word(generation))
        hits = retriever.search(statement(generation), 1, "ja")
        by_vectors = bool(hits) and hits[0].evidence.span > _SAME
        if any((*by_text, by_terms, by_vectors)):
            found.add(generation)
    return found


def _price(generation: int) -> str:
    return f"{100_001 + generation}円"


def _word(generation: int) -> str:
    letters = "".join(chr(ord("a") + int(digit)) for digit in str(generation))
    return f"edition{letters}x"
