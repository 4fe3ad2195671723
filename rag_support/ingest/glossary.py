"""corpus/glossary.tsv: domain terms and customers' words for them, in ja, en, zh-Hans and zh-Hant.

A row is one concept; a cell holds expressions separated by "|", the preferred one first. At search time a question
that uses any expression of a row is widened by the row's preferred ones, so "money back" finds 返金.
"""

import csv
from pathlib import Path

from rag_support.errors import TranslationMemoryError

GLOSSARY_FILE = "glossary.tsv"
COLUMNS = ("ja", "en", "zh-Hans", "zh-Hant")


def read_glossary(corpus: Path) -> list[dict[str, list[str]]]:
    """The rows of a corpus's glossary, column → expressions; empty when there is none.

    Raises TranslationMemoryError when the file cannot be read or is not UTF-8, has other columns, or a row has too few
    or too many cells.
    """
    path = corpus / GLOSSARY_FILE
    if not path.is_file():
        return []
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise TranslationMemoryError(f"{path}: the glossary is not UTF-8. Save it as UTF-8.") from error
    except OSError as error:
        raise TranslationMemoryError(
            f"{path}: it cannot be read ({error.strerror}). Change its permissions."
        ) from error
    table = list(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    if not table or tuple(table[0]) != COLUMNS:
        raise TranslationMemoryError(f"{path}: the first line must be {'<tab>'.join(COLUMNS)}.")
    rows = []
    for number, cells in enumerate(table[1:], start=2):
        if not any(cells):
            continue
        if len(cells) != len(COLUMNS):
            raise TranslationMemoryError(
                f"{path}:{number}: {len(cells)} cells, but {len(COLUMNS)} columns. Separate cells by one tab each."
            )
        expressions = [[term.strip() for term in cell.split("|") if term.strip()] for cell in cells]
        rows.append(dict(zip(COLUMNS, expressions, strict=True)))
    return rows
