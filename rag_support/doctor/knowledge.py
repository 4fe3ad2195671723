"""The corpus, the model, the index: there, whole, fitting each other, and answering."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cached_property
from time import perf_counter

import numpy as np

from rag_support import snapshot
from rag_support.config import Settings
from rag_support.doctor.findings import Finding
from rag_support.embedding import configured_embedder
from rag_support.errors import EmbedderMismatch, SnapshotError
from rag_support.pipeline import Pipeline
from rag_support.snapshot import Manifest
from rag_support.types import Embedder

_QUESTION = "電話番号は？"


class Knowledge:
    """The checks share what takes long: the model, and the manifest."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def _embedder(self) -> Embedder:
        return configured_embedder(self._settings)

    @cached_property
    def _manifest(self) -> Manifest:
        return snapshot.read_manifest(self._settings.index / snapshot.current_id(self._settings.index))

    def corpus(self) -> Iterator[Finding]:
        folder = self._settings.corpus
        if not folder.is_dir():
            mend = "Set RAG_SUPPORT_CORPUS to the folder with your documents; without it the index cannot be rebuilt."
            yield Finding("corpus", "warn", f"{folder}: there is no such folder", mend)
            return
        try:
            sources = self._manifest.sources
        except SnapshotError:  # which is for the check of the index to tell
            yield Finding("corpus", "ok", f"{folder}")
            return
        changed = [source.doc_id for source in sources if self._sha256(source.doc_id) != source.sha256]
        if changed:
            named = ", ".join(changed[:5]) + (", …" if len(changed) > 5 else "")
            found = f"{folder}: {len(changed)} of {len(sources)} documents are not as the index has them: {named}"
            yield Finding("corpus", "warn", found, "Run `make index` (or `rag-support index`).")
        else:
            yield Finding("corpus", "ok", f"{folder}: its {len(sources)} documents are as the index has them")

    def _sha256(self, doc_id: str) -> str | None:
        try:
            return hashlib.sha256((self._settings.corpus / doc_id).read_bytes()).hexdigest()
        except OSError:
            return None

    def model(self) -> Iterator[Finding]:
        started = perf_counter()
        embedder = self._embedder
        loaded_ms = 1000 * (perf_counter() - started)
        vectors = embedder.embed_queries([_QUESTION])
        if vectors.shape != (1, embedder.dimensions) or not np.allclose(np.linalg.norm(vectors), 1.0, atol=1e-3):
            mend = "Set RAG_SUPPORT_EMBEDDER to a model of sentence-transformers."
            yield Finding("model", "fail", f"{embedder.model_id} gives no unit vectors", mend)
        else:
            yield Finding("model", "ok", f"{embedder.model_id}, {embedder.dimensions} dimensions, {loaded_ms:.0f} ms")

    def index(self) -> Iterator[Finding]:
        index = self._settings.index
        manifest = self._manifest
        folder = index / manifest.snapshot_id
        snapshot.check_files(folder, manifest)
        if manifest.embedder != self._embedder.model_id:
            raise EmbedderMismatch(folder / snapshot.MANIFEST, manifest.embedder, self._embedder.model_id)
        age = datetime.now(UTC) - datetime.fromisoformat(manifest.created)
        kept = len(snapshot.snapshot_ids(index))
        yield Finding(
            "index",
            "ok",
            f"{manifest.snapshot_id}: {manifest.counts.documents} documents, {manifest.counts.chunks} chunks, "
            f"{len(manifest.files)} files as they were built {_ago(age.total_seconds())}; snapshots kept: {kept}",
        )
        for left in manifest.left_out:
            yield Finding("index", "warn", f"left out: {left.doc_id}: {left.problem}", left.mend)

    def answer(self) -> Iterator[Finding]:
        try:
            pipeline = Pipeline.open(self._settings.index, self._embedder, self._settings.fallback_language)
        except SnapshotError:
            yield Finding("answer", "fail", "there is no usable index to answer from", "See the check of the index.")
            return
        pipeline.warm_up()
        answer = pipeline.answer(_QUESTION)
        what = "refused" if answer.draft.refusal else f"{len(answer.draft.citations)} citations"
        yield Finding("answer", "ok", f"{_QUESTION} {what} in {answer.timings_ms['total']:.1f} ms")


def _ago(seconds: float) -> str:
    for size, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit} ago"
    return "just now"
