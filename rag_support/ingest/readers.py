"""Files under a corpus folder to Documents.

A file is opened without following a link out of the corpus, and at most MAX_BYTES are read; its suffix chooses the
reader, which runs in a process of its own (sandbox.py). One whose SHA-256 is known is not given to a reader again. What
cannot be read becomes a LeftOut with its mend, and the other files are still read. Not read, on purpose: office formats
other than .docx, archives, anything that needs optical character recognition.
"""

import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from rag_support.errors import CorpusError, DocumentError
from rag_support.ingest.decoding import decode
from rag_support.ingest.docx import extract_docx
from rag_support.ingest.front_matter import read_front_matter
from rag_support.ingest.markdown import markdown_blocks
from rag_support.ingest.pdf import extract_pdf
from rag_support.ingest.plain_text import plain_text_blocks
from rag_support.ingest.sandbox import STANDARD_LIMITS, Limits, ReadingProcess
from rag_support.types import Block, Document

MAX_BYTES = 32 * 1024 * 1024
MAX_CHARS = 2_000_000  # about twenty novels; parsed in three seconds, half a minute if made to hurt
_MAX_DEPTH = 50  # of folders in folders
_MAX_TITLE_CHARS = 300  # every chunk bears it

_BESIDE_DOCUMENTS = ("disagreements.jsonl", "glossary.tsv", "phrasings.jsonl")
_NOT_DOCUMENTS = frozenset({"readme", "license", "licence", "notice", "copying"})


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One file that is not indexed, and what its owner can do about it."""

    doc_id: str
    problem: str
    mend: str


@dataclass(frozen=True, slots=True)
class Unchanged:
    """A file that is as it was when it was last read, and was not read again."""

    doc_id: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a corpus folder holds, both parts sorted by doc_id."""

    documents: tuple[Document, ...]
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, slots=True)
class _Content:
    text: str
    blocks: tuple[Block, ...]
    title: str = ""  # given by the author in front matter
    fallback_title: str = ""  # found in the file's metadata


def read_corpus(root: Path, on_file: Callable[[str], None] | None = None, limits: Limits = STANDARD_LIMITS) -> Reading:
    """Every document below `root`, as `read_files` tells of them."""
    found = list(read_files(root, on_file, limits))
    return Reading(
        tuple(file for file in found if isinstance(file, Document)),
        tuple(file for file in found if isinstance(file, LeftOut)),
    )


def read_files(
    root: Path,
    on_file: Callable[[str], None] | None = None,
    limits: Limits = STANDARD_LIMITS,
    known: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Document | LeftOut | Unchanged]:
    """What every file below `root` that claims to be a document holds, in the order of doc_ids, then what was left out.

    `on_file` hears each doc_id before its file is read, `limits` hold for each, and what has the SHA-256 that `known`
    gives for its doc_id is not read. README, LICENSE and NOTICE files, names with a leading dot, disagreements.jsonl,
    glossary.tsv, phrasings.jsonl and translations/ are no documents. Raises CorpusError when the folder is missing or
    no document in it can be read.
    """
    if not root.is_dir():
        raise CorpusError(f"{root}: there is no such folder. Set RAG_SUPPORT_CORPUS to the folder with your documents.")
    left_out: list[LeftOut] = []
    nothing = True
    base = root.resolve()
    with ReadingProcess(limits) as process:
        for path, doc_id in sorted(_walk(base, base, left_out), key=lambda found: found[1]):
            if on_file is not None:
                on_file(doc_id)
            try:
                if doc_id in known and hashlib.sha256(_read_bytes(path, doc_id)).hexdigest() == known[doc_id]:
                    yield Unchanged(doc_id)
                else:
                    yield process.read(path, doc_id)
                nothing = False
            except DocumentError as error:
                left_out.append(LeftOut(error.doc_id, error.problem, error.mend))
    if nothing:
        raise CorpusError(_nothing_readable(root, left_out))
    yield from sorted(left_out, key=lambda item: item.doc_id)


def read_document(path: Path, doc_id: str) -> Document:
    """One file as a Document, read in this process. Raises DocumentError when it cannot be read."""
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        known = " ".join(sorted(_READERS))
        raise DocumentError(
            doc_id, f"Files ending in {path.suffix or 'nothing'!r} are not read.", f"Use one of {known}."
        )
    data = _read_bytes(path, doc_id)
    if not data.strip():
        raise DocumentError(doc_id, "The file is empty.", "Write the text into it, or delete it.")
    content = reader(data, doc_id)
    if not content.blocks:
        raise DocumentError(doc_id, "The file holds no text to index.", "Write some text into it, or delete it.")
    return Document(
        doc_id=doc_id,
        title=(content.title or _first_title(content) or content.fallback_title or path.stem)[:_MAX_TITLE_CHARS],
        language=guess_language(content.text),
        text=content.text,
        blocks=content.blocks,
        source_sha256=hashlib.sha256(data).hexdigest(),
    )


def guess_language(text: str) -> str:
    """Japanese ("ja") where kana stand among ideographs, Chinese ("zh") for ideographs alone, else English ("en")."""
    kana = sum("\u3041" <= c <= "\u30ff" and c not in "・ー" for c in text)
    han = sum("\u4e00" <= c <= "\u9fff" or "\u3400" <= c <= "\u4dbf" for c in text)
    latin = sum(c.isascii() and c.isalpha() for c in text)
    # An ideograph says as much as three or four letters; below that share the text is English with foreign names.
    if (kana + han) * 4 < latin:
        return "en"
    if kana * 50 >= kana + han and kana:  # a list of goods or prices is nearly all ideographs in Japanese too
        return "ja"
    return "zh" if han else "en"


def _walk(folder: Path, base: Path, left_out: list[LeftOut], depth: int = 0) -> Iterator[tuple[Path, str]]:
    """Files that claim to be documents. Folders are entered once: links to folders are not followed, so no loops."""
    if depth > _MAX_DEPTH:
        problem = f"It stands more than {_MAX_DEPTH} folders deep, and is not looked into."
        left_out.append(LeftOut(_doc_id(folder, base), problem, "Move it up."))
        return
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        doc_id = _doc_id(folder, base)
        left_out.append(LeftOut(doc_id, f"The folder cannot be listed ({error.strerror}).", "Change its permissions."))
        return
    for entry in entries:
        path = Path(entry.path)
        doc_id = _doc_id(path, base)
        name = entry.name.lower()
        top = folder == base
        if name.startswith(".") or name in _BESIDE_DOCUMENTS or name.split(".")[0] in _NOT_DOCUMENTS:
            continue
        if top and name == "translations":
            continue
        if not entry.name.isprintable():
            mend = "Rename the file with ordinary letters."
            left_out.append(LeftOut(doc_id, "The file name holds characters that cannot be shown.", mend))
        elif entry.is_dir(follow_symlinks=False):
            if path.suffix.lower() in _READERS:
                mend = "Its files are read; take the ending off its name if that was not meant."
                left_out.append(LeftOut(doc_id, "This is a folder with the name of a document.", mend))
            yield from _walk(path, base, left_out, depth + 1)
        elif entry.is_symlink() and (problem := _link_problem(path, base)):
            left_out.append(LeftOut(doc_id, problem, "Put a copy of what it points to into the corpus folder."))
        elif path.suffix.lower() not in _READERS:
            known = " ".join(sorted(_READERS))
            left_out.append(
                LeftOut(doc_id, f"Files ending in {path.suffix!r} are not read.", f"Convert it to one of {known}.")
            )
        else:
            yield path, doc_id


def _doc_id(path: Path, base: Path) -> str:
    # A name that is not UTF-8 on disk comes with lone surrogates, which no database takes; others steer a terminal.
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in path.relative_to(base).as_posix())


def _link_problem(path: Path, base: Path) -> str:
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):
        return "The link points nowhere or in a circle."
    if not target.is_relative_to(base):
        return "The link leads out of the corpus folder."
    return "The link points to a folder." if target.is_dir() else ""


def _read_bytes(path: Path, doc_id: str) -> bytes:
    try:
        # O_NONBLOCK: opening a named pipe must not wait for a writer.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with open(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise DocumentError(doc_id, "This is not an ordinary file.", "Put a text file in its place.")
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        problem = f"The file cannot be opened ({error.strerror or error})."
        raise DocumentError(doc_id, problem, "Check that it exists and that its permissions allow reading.") from None
    if len(data) > MAX_BYTES:
        mend = "Split it into smaller files."
        raise DocumentError(doc_id, f"The file is larger than {MAX_BYTES // 2**20} MiB.", mend)
    return data


def _markdown(data: bytes, doc_id: str) -> _Content:
    text = _bounded(decode(data, doc_id), doc_id)
    front = read_front_matter(text, doc_id)
    return _Content(text, markdown_blocks(text, front.end), front.title)


def _plain_text(data: bytes, doc_id: str) -> _Content:
    text = _bounded(decode(data, doc_id), doc_id)
    front = read_front_matter(text, doc_id)
    return _Content(text, plain_text_blocks(text, front.end), front.title)


def _html(data: bytes, doc_id: str) -> _Content:
    from rag_support.ingest.html import extract_html  # Beautiful Soup takes a tenth of a second to load

    page = extract_html(data, doc_id)
    return _Content(_bounded(page.text, doc_id), markdown_blocks(page.text), fallback_title=page.title)


def _pdf(data: bytes, doc_id: str) -> _Content:
    paper = extract_pdf(data, doc_id)
    return _Content(_bounded(paper.text, doc_id), plain_text_blocks(paper.text), fallback_title=paper.title)


def _docx(data: bytes, doc_id: str) -> _Content:
    letter = extract_docx(data, doc_id)
    return _Content(_bounded(letter.text, doc_id), markdown_blocks(letter.text), fallback_title=letter.title)


def _bounded(text: str, doc_id: str) -> str:
    if len(text) > MAX_CHARS:
        problem = f"The text is {len(text):,} characters long; the limit is {MAX_CHARS:,}."
        raise DocumentError(doc_id, problem, "Split it into several files, one subject each.")
    return text


def _first_title(content: _Content) -> str:
    first = next((b for b in content.blocks if b.kind == "heading" and b.level == 1), None)
    return first.heading[-1] if first else ""


def _nothing_readable(root: Path, left_out: list[LeftOut]) -> str:
    shown = [f"\n  {item.doc_id}: {item.problem} {item.mend}" for item in left_out[:20]]
    more = f"\n  and {len(left_out) - 20} more" if len(left_out) > 20 else ""
    known = " ".join(sorted(_READERS))
    return f"{root}: no document in this folder can be read. Put files there that end in {known}.{''.join(shown)}{more}"


_READERS: dict[str, Callable[[bytes, str], _Content]] = {
    ".md": _markdown,
    ".markdown": _markdown,
    ".txt": _plain_text,
    ".html": _html,
    ".htm": _html,
    ".pdf": _pdf,
    ".docx": _docx,
}
