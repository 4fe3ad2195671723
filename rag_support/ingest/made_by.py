"""What a snapshot was made by, besides the documents: while it is the same, so is what comes of a document.

A build takes work over from the live snapshot only then. Any change of this package's code counts, and any other
version of a library that reads or analyses texts: to work again costs a minute, to keep what is out of date, trust.
"""

import hashlib
import platform
from importlib import metadata
from pathlib import Path

import rag_support
from rag_support.ingest.glossary import GLOSSARY_FILE
from rag_support.ingest.translation_memory import TARGET_LANGUAGES, catalog_path
from rag_support.snapshot import MadeBy

_LIBRARIES = (
    "Babel", "beautifulsoup4", "charset-normalizer", "lxml", "markdown-it-py", "numpy", "OpenCC", "pypdf",
    "PyStemmer", "python-docx", "PyYAML", "scipy", "SudachiDict-core", "SudachiPy", "tokenizers",
)  # fmt: skip


def made_by(corpus: Path) -> MadeBy:
    """As it is now. A catalogue or glossary that cannot be read counts as missing: who loads it says what is wrong."""
    package = Path(rag_support.__file__).parent
    return MadeBy(
        code=_sha256(
            f"Python {platform.python_version()}".encode(),
            *(f"{name} {metadata.version(name)}".encode() for name in _LIBRARIES),
            *(
                content
                for path in sorted(package.rglob("*.py"))
                for content in (bytes(path.relative_to(package)), path.read_bytes())
            ),
        ),
        translations=_sha256(
            *(_content(catalog_path(corpus, language)) for language in TARGET_LANGUAGES),
            _content(corpus / GLOSSARY_FILE),
        ),
    )


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes() if path.is_file() else b""  # a pipe would be waited for
    except OSError:
        return b""


def _sha256(*contents: bytes) -> str:
    return hashlib.sha256(b"".join(hashlib.sha256(content).digest() for content in contents)).hexdigest()
