"""Every error we raise, one tree.

RagSupportError
├── CorpusError              the corpus as a whole cannot be indexed
├── DocumentError            one file cannot be read; the others still are
├── TranslationMemoryError   a catalogue, glossary or list of phrasings cannot be read
├── EmbedderError            a model is missing or does not load
├── SnapshotError            a built index is missing, damaged or does not fit
│   ├── NoSnapshot
│   ├── DamagedSnapshot      not as it was written: an older one may be served in its place
│   └── SnapshotMismatch     whole, but not for this program or these settings: its owner chooses what to do
│       ├── OutdatedSnapshot
│       └── EmbedderMismatch
├── ListenError              an address at which the service cannot be reached
├── QuestionError            a question, or another text of a caller, that must not reach a library
├── FeedbackError            the feedback database cannot be used
├── MissingExtra             a library of an optional part is not installed
├── KeysError                the file of API keys, or a change to it, is not usable
├── AccessError              the service would be open to more people than was said
├── BackendError             a language model that cannot be used: missing, or not set up
│   ├── BackendUnavailable   its server is down, overloaded, or left alone for a while after failures
│   ├── BackendRefused       its server does not take the request: key, model, address
│   ├── BackendBusy          as many answers as may wait for it are waiting
│   ├── BackendTooSlow       it kept the customer waiting for too long
│   ├── BackendBroken        what it sent is no completion, or stops in the middle
│   └── BackendCutShort      it wrote as many tokens as it may, and was not done
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
        super().__init__(
            f"{file}: {problem} Run `make index` (or `rag-support index`) to build the index anew, or "
            "`rag-support index rollback` to go back to the one before."
        )
        self.file = file


class SnapshotMismatch(SnapshotError):
    def __init__(self, file: Path, problem: str) -> None:
        super().__init__(f"{file}: {problem} Run `make index` (or `rag-support index`) to build the index anew.")
        self.file = file


class OutdatedSnapshot(SnapshotMismatch):
    """A snapshot of another version of this program."""


class EmbedderMismatch(SnapshotMismatch):
    def __init__(self, manifest: Path, built_with: str, asked_for: str) -> None:
        same_name = built_with.rpartition("@")[0] == asked_for.rpartition("@")[0]
        changed = "The model's weights, tokenizer or prompts have changed since. " if same_name else ""
        SnapshotError.__init__(
            self,
            f"{manifest}: vectors were made by {built_with!r}, but the settings ask for {asked_for!r}. {changed}"
            "Run `make index` to rebuild, or set RAG_SUPPORT_EMBEDDER to the model the index was built with.",
        )
        self.file = manifest


class ListenError(RagSupportError):
    pass


class QuestionError(RagSupportError):
    """A text of a caller that is refused before any library sees it; `field` says which."""

    def __init__(self, problem: str, field: str = "question") -> None:
        super().__init__(problem)
        self.field = field


class FeedbackError(RagSupportError):
    """Feedback cannot be stored or read; the message holds neither what was said nor a password."""


class MissingExtra(RagSupportError):
    def __init__(self, part: str, extra: str) -> None:
        super().__init__(f"{part} needs a library that is not installed: pip install 'rag-support[{extra}]'.")


class KeysError(RagSupportError):
    pass


class AccessError(RagSupportError):
    pass


class BackendError(RagSupportError):
    pass


class BackendUnavailable(BackendError):
    def __init__(self, message: str, retry_after_s: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s  # seconds for which the server asks to be left alone


class BackendRefused(BackendError):
    pass


class BackendBusy(BackendError):
    pass


class BackendTooSlow(BackendError):
    pass


class BackendBroken(BackendError):
    pass


class BackendCutShort(BackendError):
    pass


class EvaluationError(RagSupportError):
    """A question set, a run, a baseline or a server under evaluation that cannot be used."""
