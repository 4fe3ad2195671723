"""The negative control: the same index files saved over the old ones, and opened without asking the manifest."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from drills.generations import told
from drills.processes import run
from drills.stage import Stage
from rag_support import snapshot
from rag_support.pipeline import Pipeline
from rag_support.retrieval import retriever
from rag_support.types import Embedder

Files = Mapping[str, bytes]


def files_of(folder: Path) -> Files:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def save(files: Files, folder: Path) -> None:
    """File by file over what is there, as the libraries' own save functions do."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def two_generations(stage: Stage, more: int = 0) -> tuple[Files, Files]:
    """Generations 1 and 2, built on this stage, the second with so many documents more."""
    built = []
    for generation in (1, 2):
        stage.build(generation, more if generation == 2 else 0)
        built.append(files_of(stage.live_folder()))
    return built[0], built[1]


def opens_whole(folder: Path, embedder: Embedder, generations: tuple[int, ...]) -> bool:
    """Whether it opens, answers, and is of one generation. In a child: damaged files can end the process."""

    def look() -> None:
        with unchecked():
            found = told(Pipeline.of_snapshot(folder, embedder, "ja"), generations)
        if len(found) != 1:
            raise SystemExit("mixed")

    return run(look).status == 0


def opens(folder: Path, embedder: Embedder) -> bool:
    """Whether it opens and answers at all, right or wrong."""

    def look() -> None:
        with unchecked():
            told(Pipeline.of_snapshot(folder, embedder, "ja"), ())

    return run(look).status == 0


@contextmanager
def unchecked() -> Iterator[None]:
    """What is opened within is not held against its manifest."""

    def read_manifest(folder: Path) -> snapshot.Manifest:
        return snapshot.Manifest.model_validate_json((folder / snapshot.MANIFEST).read_bytes())

    with (
        patch.object(snapshot, "read_manifest", read_manifest),
        patch.object(snapshot, "check_files"),
        patch.object(retriever, "check_parts"),
    ):
        yield
