"""Retrieval alone: questions over a collection of texts, leg by leg and as the service does it.

The texts go the way that documents go, through a reader, chunking and an index, and a text is ranked by its best
chunk. Two sources of such sets: any folder in BEIR's format, and the cross-lingual set, whose passages are read from
the JaQuAD data where the user has it.
Source of the format: Thakur et al., BEIR, NeurIPS 2021.
"""

import csv
import gzip
import hashlib
import tempfile
import zlib
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from rag_support import language as languages
from rag_support.errors import EvaluationError, QuestionError
from rag_support.evaluation.dataset import load_crosslingual, text_key
from rag_support.evaluation.ranking import Qrels, Run, ranking_scores
from rag_support.ingest.build import Progress, build_index
from rag_support.question import clean_question
from rag_support.retrieval.retriever import Retriever
from rag_support.types import Chunk, Embedder

LEGS = ("dense", "lexical", "fused", "service")
"""In the order of reports: vectors alone, words alone, both fused by rank, and the service's own final order."""
DEPTH = 50  # texts ranked for each query
JAQUAD = Path("qa/jaquad-dev.ja.tsv.gz")


@dataclass(frozen=True, slots=True)
class RetrievalSet:
    """Texts by id, queries by language and id, and which texts answer which query."""

    name: str
    texts: Mapping[str, str]
    queries: Mapping[str, Mapping[str, str]]
    qrels: Qrels


@dataclass(frozen=True, slots=True)
class RetrievalResult:
    """leg → language → run."""

    runs: Mapping[str, Mapping[str, Run]]

    def scores(self, qrels: Qrels) -> dict[str, dict[str, dict[str, dict[str, float]]]]:
        """Leg → language → query → figure → value."""
        return {
            leg: {
                language: ranking_scores({query: qrels[query] for query in run}, run)
                for language, run in by_language.items()
            }
            for leg, by_language in self.runs.items()
        }


def run_retrieval(task: RetrievalSet, embedder: Embedder, progress: Progress = lambda *_: None) -> RetrievalResult:
    """Index the texts in a scratch folder and search every query. Deterministic."""
    runs: dict[str, dict[str, Run]] = {leg: {language: {} for language in task.queries} for leg in LEGS}

    def indexing(stage: str, done: int, total: int) -> None:
        if total:  # else it names a file, and nobody knows the scratch files by their names
            progress(stage, done, total)

    with tempfile.TemporaryDirectory(prefix="rag-support-eval-") as scratch:
        names = _write_corpus(Path(scratch) / "corpus", task.texts)
        manifest = build_index(Path(scratch) / "corpus", Path(scratch) / "index", embedder, keep=1, progress=indexing)
        retriever = Retriever(Path(scratch) / "index" / manifest.snapshot_id, embedder)
        total = sum(map(len, task.queries.values()))
        done = 0
        for language, queries in task.queries.items():
            for query, text in queries.items():
                for leg, chunks in _search(retriever, text).items():
                    runs[leg][language][query] = _by_text(chunks, names)
                done += 1
                progress(f"searching {task.name}", done, total)
    return RetrievalResult(runs)


def _search(retriever: Retriever, text: str) -> dict[str, Iterable[Chunk]]:
    try:
        question = clean_question(text)
    except QuestionError:
        return dict.fromkeys(LEGS, ())  # refused before any search, as the service would
    found: dict[str, Iterable[Chunk]] = dict(retriever.legs(question))
    found["service"] = (hit.chunk for hit in retriever.search(question, DEPTH, languages.detect(question).language))
    return {leg: found[leg] for leg in LEGS}


def _by_text(chunks: Iterable[Chunk], names: Mapping[str, str]) -> dict[str, float]:
    """Text ids in the order of their first chunk, with scores that keep the order."""
    order = list(dict.fromkeys(names[chunk.doc_id] for chunk in chunks))[:DEPTH]
    return {identifier: 1 / rank for rank, identifier in enumerate(order, start=1)}


def _write_corpus(folder: Path, texts: Mapping[str, str]) -> dict[str, str]:
    """One plain text file a text; returns file name → text id, since an id may be no file name."""
    folder.mkdir()
    names = {}
    for number, (identifier, text) in enumerate(texts.items()):
        name = f"{number:08d}.txt"
        (folder / name).write_text(text, encoding="utf-8")
        names[name] = identifier
    return names


def crosslingual_set(file: Path, data: Path) -> RetrievalSet:
    """The project's questions in three languages over all passages of the JaQuAD development split.

    Raises EvaluationError when the data is not there or does not hold a passage that the questions name.
    """
    rows = _jaquad_rows(data)
    passages = {passage_id(passage): passage for _, passage in rows}
    needs = load_crosslingual(file)
    for need in needs:
        if need.passage not in passages:
            raise EvaluationError(f"{file}: {data / JAQUAD} holds no passage {need.passage}. Is it another version?")
    queries: dict[str, dict[str, str]] = {"ja": {}, "en": {}, "zh": {}}
    for need in needs:
        for language, question in need.questions.items():
            queries[language][need.passage] = question
    return RetrievalSet("cross-lingual", passages, queries, {need.passage: {need.passage: 1} for need in needs})


def jaquad_set(data: Path) -> RetrievalSet:
    """The data set's own Japanese questions over the same passages. Raises EvaluationError."""
    rows = _jaquad_rows(data)
    numbered = {f"q{number}": row for number, row in enumerate(rows)}
    return RetrievalSet(
        "jaquad",
        {passage_id(passage): passage for _, passage in rows},
        {"ja": {query: question for query, (question, _) in numbered.items()}},
        {query: {passage_id(passage): 1} for query, (_, passage) in numbered.items()},
    )


def passage_id(passage: str) -> str:
    """The name by which a passage is known without shipping its text."""
    return hashlib.sha256(text_key(passage).encode()).hexdigest()[:12]


def _jaquad_rows(data: Path) -> list[tuple[str, str]]:
    """(question, passage) of every row."""
    file = data / JAQUAD
    try:
        with gzip.open(file, "rt", encoding="utf-8", newline="\n") as lines:
            rows = [line.rstrip("\n").split("\t") for line in lines]
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise EvaluationError(
            f"{file}: the JaQuAD development split cannot be read ({error}). Give the folder of the training data, "
            "or go without this set."
        ) from error
    if not rows or any(len(row) < 2 for row in rows):
        raise EvaluationError(f"{file}: each line must be a question and a passage with a tab between. Get it anew.")
    return [(row[0], row[1]) for row in rows]


def beir_set(folder: Path, split: str = "test") -> RetrievalSet:
    """A folder with corpus.jsonl, queries.jsonl and qrels/<split>.tsv (or qrels.tsv).

    Queries are grouped by their `language`, in the row or its metadata, where it says one; else under "all". Those
    without a relevant text are left out. Raises EvaluationError naming the file and line.
    """
    texts = {
        row.id: "\n\n".join(part for part in (row.title, row.text) if part) for row in _rows(folder / "corpus.jsonl")
    }
    asked = list(_rows(folder / "queries.jsonl"))
    qrels = _qrels(folder, split, {row.id for row in asked}, texts)
    queries: dict[str, dict[str, str]] = {}
    for row in asked:
        if row.id in qrels:
            language = row.language or (isinstance(row.metadata, dict) and row.metadata.get("language")) or "all"
            queries.setdefault(str(language), {})[row.id] = row.text
    if not queries:
        raise EvaluationError(f"{folder}: the judgements of {split!r} name no relevant text. Check the files.")
    return RetrievalSet(folder.resolve().name, texts, queries, qrels)


class _BeirRow(BaseModel):
    """A line of corpus.jsonl or queries.jsonl."""

    id: str = Field(alias="_id")
    text: str
    title: str | None = None
    language: str | None = None
    metadata: Any = None


def _rows(file: Path) -> Iterator[_BeirRow]:
    try:
        with file.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield _row(line, f"{file}:{number}")
    except OSError as error:
        raise EvaluationError(
            f"{file}: it cannot be read ({error.strerror}). Give a folder in BEIR's format."
        ) from error


def _row(line: bytes, place: str) -> _BeirRow:
    try:
        return _BeirRow.model_validate_json(line)
    except ValidationError as error:
        found = error.errors(include_url=False)[0]
        what = f"{found['loc'][0]}: {found['msg']}" if found["loc"] else found["msg"]
        raise EvaluationError(f'{place}: {what}. Each line is an object with the texts "_id" and "text".') from error


def _qrels(folder: Path, split: str, queries: Container[str], texts: Container[str]) -> Qrels:
    """BEIR's three columns (query-id, corpus-id, score) below a header line; scores of 0 are no relevance."""
    places = [folder / "qrels" / f"{split}.tsv", folder / "qrels.tsv"]
    file = next((place for place in places if place.is_file()), None)
    if file is None:
        raise EvaluationError(
            f"{folder}: there are no judgements: neither {places[0]} nor {places[1]}. Add them, or name another split."
        )
    qrels: Qrels = {}
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            reader = csv.reader(lines, delimiter="\t")
            for row in reader:
                place = f"{file}:{reader.line_num}"
                if len(row) != 3 or (reader.line_num > 1 and not row[2].removeprefix("-").isdecimal()):
                    raise EvaluationError(f"{place}: three columns are needed: query-id, corpus-id, score.")
                query, text, score = row
                if not score.isdecimal() or int(score) == 0:
                    continue
                if query not in queries or text not in texts:
                    unknown, holder = (text, "corpus.jsonl") if query in queries else (query, "queries.jsonl")
                    raise EvaluationError(f"{place}: {unknown!r} is not in {holder}. Correct the id, or add the row.")
                qrels.setdefault(query, {})[text] = int(score)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise EvaluationError(f"{file}: it cannot be read as tab-separated text in UTF-8 ({error}).") from error
    return qrels
