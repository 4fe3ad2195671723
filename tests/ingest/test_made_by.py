from importlib import metadata
from pathlib import Path

import pytest
from small_parts import write_catalog, write_corpus

from rag_support.ingest.made_by import made_by


def test_it_is_the_same_while_nothing_changes(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path)
    before = made_by(corpus)
    write_corpus(corpus, {"more.md": "# 領収書\n"})  # documents are told apart one by one
    assert made_by(corpus) == before


@pytest.mark.parametrize("name", ["translations/en.po", "translations/zh.po", "glossary.tsv"])
def test_catalogues_and_glossary_count_as_translations(tmp_path: Path, name: str) -> None:
    before = made_by(tmp_path)
    write_catalog(tmp_path, "en", "")
    (tmp_path / name).write_text("x", encoding="utf-8")
    after = made_by(tmp_path)
    assert (after.code == before.code, after.translations == before.translations) == (True, False)


def test_another_version_of_a_library_is_other_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = made_by(tmp_path)
    version = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: "0.1" if name == "SudachiDict-core" else version(name))
    assert made_by(tmp_path).code != before.code
