"""Every error we raise, one tree.

RagSupportError
├── CorpusError              the corpus as a whole cannot be indexed
├── DocumentError            one file cannot be read; the others still are
├── TranslationMemoryError   a catalogue, glossary or list of phrasings cannot be read
├── EmbedderError            a model is missing or does not load
├── SnapshotError            a built index is missing, damaged or does not fit
│   ├── NoSnapshot
│   ├── DamagedSnapshot
│   └── EmbedderMismatch
├── ListenError              an address at which the service cannot be reached
├── QuestionError            a question that must not reach a library
└── EvaluationError          a question set, a run or a baseline that cannot be used

Each message says what was wrong, where, and the mend.
"""

from pathlib import Path


class RagSupportError(Exception):
    """Base of all errors raised on purpose; its message is meant for people."""


class CorpusError(RagSupportError):
    pass


class DocumentError(RagSupportError):
    """One source file that is left out of the index. `mend` tells its owner what to do."""

    def __init__(self, doc_id: str, problem: str, mend: str) -> None:
        super().__init__(f"{doc_id}: {problem} {mend}")
        self.doc_id = doc_id
        self.problem = problem
        self.mend = mend


class TranslationMemoryError(RagSupportError):
    pass


class EmbedderError(RagSupportError):
    pass


class SnapshotError(RagSupportError):
    pass


class NoSnapshot(SnapshotError):
    def __init__(self, index: Path) -> None:
        super().__init__(f"{index}: there is no index yet. Run `make index` (or `rag-support index`) to build one.")


class DamagedSnapshot(SnapshotError):
    def __init__(self, file: Path, problem: str) -> None:
        super().__init__(f"{file}: {problem} Run `make index` (or `rag-support index`) to build the index anew.")
        self.file = file


class OutdatedSnapshot(DamagedSnapshot):
    """A whole snapshot of another version of this program."""


class EmbedderMismatch(SnapshotError):
    def __init__(self, manifest: Path, built_with: str, asked_for: str) -> None:
        super().__init__(
            f"{manifest}: vectors were made by {built_with!r}, but the settings ask for {asked_for!r}. "
            "Run `make index` to rebuild, or set RAG_SUPPORT_EMBEDDER to the model the index was built with."
        )


class ListenError(RagSupportError):
    pass


class QuestionError(RagSupportError):
    """A question that is refused before any library sees it."""


class EvaluationError(RagSupportError):
    """A question set, a run, a baseline or a server under evaluation that cannot be used."""
