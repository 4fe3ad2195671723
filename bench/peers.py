"""Other libraries over the same passages and the same vectors: hybrid search, ten passages, behind bare FastAPI.

They are development-only and never installed by the project: `pip install txtai haystack-ai` beside it, and they are
measured; without, they are left out. They search and do not answer: no language, no refusal, no citation.
"""

import json
import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from rag_support.config import SHIPPED_EMBEDDER
from rag_support.embedding import load_embedder

NAMES = ("txtai", "haystack")
_FOUND = 10


def installed() -> list[str]:
    return [name for name in NAMES if find_spec(name) is not None]


class Question(BaseModel):
    question: str


def _texts() -> list[str]:
    texts: list[str] = json.loads(Path(os.environ["BENCH_TEXTS"]).read_text(encoding="utf-8"))
    return texts


def txtai_app() -> FastAPI:
    from txtai import Embeddings

    embedder = load_embedder(SHIPPED_EMBEDDER)
    index = Embeddings(
        method="external", transform=lambda texts: embedder.embed_passages(list(texts)), hybrid=True, content=True
    )
    index.index(list(enumerate(_texts())))
    app = FastAPI()

    @app.post("/v1/answers")
    async def answers(body: Question) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = index.search(body.question, _FOUND)
        return found

    return app


def haystack_app() -> FastAPI:
    from haystack import Document
    from haystack.components.joiners import DocumentJoiner
    from haystack.components.retrievers.in_memory import InMemoryBM25Retriever, InMemoryEmbeddingRetriever
    from haystack.document_stores.in_memory import InMemoryDocumentStore

    embedder = load_embedder(SHIPPED_EMBEDDER)
    texts = _texts()
    vectors = embedder.embed_passages(texts).tolist()
    store = InMemoryDocumentStore()
    store.write_documents(
        [Document(content=text, embedding=vector) for text, vector in zip(texts, vectors, strict=True)]
    )
    by_words = InMemoryBM25Retriever(store, top_k=_FOUND)
    by_vectors = InMemoryEmbeddingRetriever(store, top_k=_FOUND)
    joiner = DocumentJoiner(join_mode="reciprocal_rank_fusion", top_k=_FOUND)
    app = FastAPI()

    @app.post("/v1/answers")
    async def answers(body: Question) -> list[dict[str, Any]]:
        vector = embedder.embed_queries([body.question])[0].tolist()
        rankings = [
            by_words.run(query=body.question)["documents"],
            by_vectors.run(query_embedding=vector)["documents"],
        ]
        found = joiner.run(documents=rankings)["documents"]
        return [{"text": document.content, "score": document.score} for document in found]

    return app
