from pathlib import Path

import pytest

from rag_support.errors import TranslationMemoryError
from rag_support.ingest.glossary import GLOSSARY_FILE, read_glossary

HEADER = "ja\ten\tzh-Hans\tzh-Hant\n"


def write(folder: Path, content: str | bytes) -> Path:
    path = folder / GLOSSARY_FILE
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_rows_hold_expressions_by_column_the_preferred_one_first(tmp_path: Path) -> None:
    write(tmp_path, f"\ufeff{HEADER}返金| 払い戻し\trefund|money back\t退款\t\n\n電話\tphone|\t电话\t電話\n")
    assert read_glossary(tmp_path) == [
        {"ja": ["返金", "払い戻し"], "en": ["refund", "money back"], "zh-Hans": ["退款"], "zh-Hant": []},
        {"ja": ["電話"], "en": ["phone"], "zh-Hans": ["电话"], "zh-Hant": ["電話"]},
    ]


def test_quotation_marks_are_letters_like_others(tmp_path: Path) -> None:
    write(tmp_path, f'{HEADER}「返金」\t"refund\t退款\t退款\n')
    assert read_glossary(tmp_path)[0]["en"] == ['"refund']


def test_a_corpus_needs_no_glossary(tmp_path: Path) -> None:
    assert read_glossary(tmp_path) == []


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (HEADER.encode() + "返金\trefund\n".encode("shift_jis"), ": the glossary is not UTF-8"),
        ("返金\trefund\t退款\t退款\n", ": the first line"),
        ("", ": the first line"),
        (f"{HEADER}電話\tphone\t电话\t電話\n返金\trefund\t退款\n", ":3: 3 cells"),
        (f"{HEADER}返金\trefund\t退款\t退款\textra\n", ":2: 5 cells"),
    ],
)
def test_a_broken_glossary_is_named_with_the_line(tmp_path: Path, content: str | bytes, place: str) -> None:
    path = write(tmp_path, content)
    with pytest.raises(TranslationMemoryError) as caught:
        read_glossary(tmp_path)
    assert str(caught.value).startswith(f"{path}{place}")


def test_a_glossary_that_may_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, HEADER)

    def refuse(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refuse)  # root may read whatever the permissions are
    with pytest.raises(TranslationMemoryError, match="Permission denied") as caught:
        read_glossary(tmp_path)
    assert str(caught.value).startswith(f"{path}:")
