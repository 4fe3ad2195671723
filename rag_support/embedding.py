"""Texts to vectors, (n, d) float32 with unit-length rows.

The shipped StaticEmbedding model is read here without torch: its tokenizer.json and its table of token vectors are all
there is to it, and a serving process stays small and starts fast. Every other model goes through
sentence-transformers, imported on first use. A test holds both ways to the same vectors.
"""

import hashlib
import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from tokenizers import Tokenizer

from rag_support.config import SHIPPED_EMBEDDER, Settings
from rag_support.errors import EmbedderError
from rag_support.types import Embedder, FloatMatrix
from rag_support.unigram import UnigramTokenizer

MODELS = Path(__file__).parent / "models"
_STATIC_TYPE = "StaticEmbedding"
# sentence-transformers' own name for the table, and model2vec's, which may come with a scale for each row
_PLAIN_ROWS, _ROWS, _SCALES = "embedding.weight", "embeddings", "weights"


def configured_embedder(settings: Settings) -> Embedder:
    """The embedder that the settings name. Raises EmbedderError."""
    return load_embedder(settings.embedder, settings.query_prefix, settings.passage_prefix)


def load_embedder(name: str, query_prefix: str | None = None, passage_prefix: str | None = None) -> Embedder:
    """The shipped model, a SentenceTransformer folder, or a model by its hub name.

    A prefix that is not None takes the place of the prompt that the model brings. Raises EmbedderError when there is no
    such model, when it does not load, and for a prefix given to a static model, which has no use for one.
    """
    folder = MODELS / SHIPPED_EMBEDDER if name == SHIPPED_EMBEDDER else Path(name)
    if static := _static_folder(folder):
        if query_prefix or passage_prefix:
            raise EmbedderError(
                f"{name}: a static model reads no prefixes. Unset RAG_SUPPORT_QUERY_PREFIX and "
                "RAG_SUPPORT_PASSAGE_PREFIX, or set RAG_SUPPORT_EMBEDDER to the model that they are meant for."
            )
        return StaticEmbedder(name, static)
    if name == SHIPPED_EMBEDDER:
        raise EmbedderError(f"{folder}: the shipped model is not whole. Restore it from git, or run `make model`.")
    if not folder.is_dir() and (folder.is_absolute() or name.startswith(".")):
        raise EmbedderError(f"{name}: no such model folder. Set RAG_SUPPORT_EMBEDDER to a SentenceTransformer folder.")
    return TransformerEmbedder(name, query_prefix, passage_prefix)


def _static_folder(folder: Path) -> Path | None:
    """The folder of the table when `folder` holds a static model and nothing that changes its vectors, else None."""
    try:
        modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
        kinds = [module["type"].rsplit(".", 1)[-1] for module in modules]
        if kinds not in ([_STATIC_TYPE], [_STATIC_TYPE, "Normalize"]):
            return None
        table = folder / modules[0]["path"]
        with safe_open(table / "model.safetensors", framework="np") as tensors:
            keys = set(tensors.keys())
        return table if keys in ({_ROWS}, {_PLAIN_ROWS}, {_ROWS, _SCALES}) else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, SafetensorError):
        return None  # sentence-transformers will say what is wrong with it


class StaticEmbedder:
    """A StaticEmbedding model: the mean of a text's token vectors, scaled to unit length.

    A token's vector is its row of the table, times its scale where the rows are int8.
    """

    def __init__(self, name: str, folder: Path) -> None:
        table_file, tokenizer_file = folder / "model.safetensors", folder / "tokenizer.json"
        try:
            fingerprint = hashlib.sha256()
            for path in (table_file, tokenizer_file):
                with path.open("rb") as file:
                    fingerprint.update(hashlib.file_digest(file, "sha256").digest())
            tensors = _mapped_tensors(table_file)
            self._tokenizer_file = str(tokenizer_file)
            stored = json.loads(tokenizer_file.read_bytes())
            self._for_questions = UnigramTokenizer(stored) if UnigramTokenizer.reads(stored) else None
            if self._for_questions is None:
                _ = self._tokenizer  # so that a broken file is told of now
        except Exception as error:  # tokenizers raises bare Exception for a broken file
            raise EmbedderError(
                f"{folder}: the embedding model does not load ({error}). Restore the folder from the repository, "
                "or make it anew with `make model`."
            ) from error
        self._rows = tensors[_ROWS if _ROWS in tensors else _PLAIN_ROWS]
        self._scales = tensors.get(_SCALES)
        self.model_id = f"{name}@{fingerprint.hexdigest()[:16]}"
        self.dimensions = int(self._rows.shape[1])

    def embed_queries(self, texts: Sequence[str]) -> FloatMatrix:
        return self._embed(texts)

    def embed_passages(self, texts: Sequence[str]) -> FloatMatrix:
        return self._embed(texts)

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        """The library's, large: loaded when an index is built."""
        tokenizer = Tokenizer.from_file(self._tokenizer_file)
        tokenizer.no_padding()
        tokenizer.no_truncation()
        return tokenizer

    def token_ids(self, texts: Sequence[str]) -> list[list[int]]:
        if self._for_questions is not None and len(texts) == 1:
            return [self._for_questions.token_ids(texts[0])]
        encodings = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [encoding.ids for encoding in encodings]

    def token_vectors(self, token_ids: Sequence[int]) -> FloatMatrix:
        ids = list(token_ids)
        vectors: FloatMatrix = self._rows[ids].astype(np.float32)
        if self._scales is not None:
            vectors *= self._scales[ids, np.newaxis]
        return vectors

    def _embed(self, texts: Sequence[str]) -> FloatMatrix:
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for row, ids in enumerate(self.token_ids(texts)):
            if ids:  # a text without a token keeps the zero vector, which is similar to nothing
                vectors[row] = self.token_vectors(ids).mean(axis=0)
        return _unit(vectors)


def _mapped_tensors(file: Path) -> dict[str, NDArray[Any]]:
    """The tensors of a safetensors file, mapped: workers share their pages, and a question touches a few of them.

    The safetensors library would copy the whole table; it has checked the file's layout before.
    """
    with file.open("rb") as opened:
        header_bytes = int.from_bytes(opened.read(8), "little")
        header = json.loads(opened.read(header_bytes))
    dtypes = {"I8": np.int8, "F16": np.float16, "F32": np.float32}
    return {
        name: np.asarray(
            np.memmap(
                file,
                dtype=dtypes[entry["dtype"]],
                mode="r",
                offset=8 + header_bytes + entry["data_offsets"][0],
                shape=tuple(entry["shape"]),
            )
        )
        for name, entry in header.items()
        if name != "__metadata__"
    }


class TransformerEmbedder:
    """Any model that sentence-transformers loads, with the query and passage prompts it brings."""

    def __init__(self, name: str, query_prefix: str | None = None, passage_prefix: str | None = None) -> None:
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise EmbedderError(
                f"{name}: this model needs sentence-transformers, which is not installed. Run `make setup`."
            ) from error
        try:
            self._model = SentenceTransformer(name, device=None)
        except Exception as error:  # the library raises whatever its hub client, torch or the file format raise
            raise EmbedderError(
                f"{name}: sentence-transformers cannot load this model ({type(error).__name__}: {error}). "
                "Check the name, the folder, and that the hub can be reached."
            ) from error
        for task, prefix in (("query", query_prefix), ("document", passage_prefix)):
            if prefix is not None:
                self._model.prompts[task] = prefix
        self.dimensions = int(self._model.get_embedding_dimension() or 0)
        self.model_id = f"{name}@{self._fingerprint()}"

    def _fingerprint(self) -> str:
        """SHA-256 over prompts, tokenizer and all weights: a hub name alone does not say which revision it is."""
        digest = hashlib.sha256(json.dumps(self._model.prompts, sort_keys=True).encode())
        tokenizer = self._model.tokenizer
        quick = getattr(tokenizer, "backend_tokenizer", None)  # a slow one has no file of its own, only its vocabulary
        digest.update((quick.to_str() if quick else json.dumps(tokenizer.get_vocab(), sort_keys=True)).encode())
        digest.update(str(self._model.max_seq_length).encode())
        for key, tensor in sorted(self._model.state_dict().items()):
            digest.update(key.encode())
            digest.update(tensor.detach().cpu().float().contiguous().numpy().tobytes())
        return digest.hexdigest()[:16]

    def embed_queries(self, texts: Sequence[str]) -> FloatMatrix:
        return _unit(self._model.encode_query(list(texts), show_progress_bar=False, convert_to_numpy=True))

    def embed_passages(self, texts: Sequence[str]) -> FloatMatrix:
        return _unit(self._model.encode_document(list(texts), show_progress_bar=False, convert_to_numpy=True))


def _unit(vectors: FloatMatrix) -> FloatMatrix:
    vectors = np.asarray(vectors, dtype=np.float32)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: FloatMatrix = np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0)
    return unit
