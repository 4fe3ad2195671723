import hashlib
import os
import zipfile
from pathlib import Path

import pytest
from blocks import assert_contract, contents
from hypothesis import given
from hypothesis import strategies as st

from rag_support.errors import CorpusError, DocumentError
from rag_support.ingest import readers
from rag_support.ingest.readers import LeftOut, Unchanged, guess_language, read_corpus, read_document, read_files
from rag_support.types import Document

GUIDE = "---\ntitle: 返品の案内\nupdated: 2024-12-01\n---\n\n# 返品\n\n返品できます。\n"


def read(folder: Path, name: str, content: bytes | str) -> Document:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_document(path, name)


def refusal(folder: Path, name: str, content: bytes | str) -> str:
    with pytest.raises(DocumentError) as caught:
        read(folder, name, content)
    assert caught.value.doc_id == name
    assert caught.value.problem.endswith(".")
    assert caught.value.mend.endswith(".")
    return str(caught.value)


def test_text_is_the_files_text_and_front_matter_makes_no_blocks(tmp_path: Path) -> None:
    document = read(tmp_path, "return.md", GUIDE)
    assert document.text == GUIDE
    assert document.title == "返品の案内"
    assert document.language == "ja"
    assert document.source_sha256 == hashlib.sha256(GUIDE.encode()).hexdigest()
    assert contents(document.text, document.blocks) == [("heading", "返品"), ("paragraph", "返品できます。")]


@pytest.mark.parametrize("name", ["a.md", "a.txt"])
def test_only_byte_order_mark_and_line_ends_are_changed(tmp_path: Path, name: str) -> None:
    written = "\ufeff一行目です。\r\n二行目です。\r三行目です。\u202a\u200b　\n"
    assert read(tmp_path, name, written).text == "一行目です。\n二行目です。\n三行目です。\u202a\u200b　\n"


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("---\ntitle: 表題\n---\n# 見出し\n\n本文。\n", "表題"),
        ("# 見出し\n\n本文。\n", "見出し"),
        ("## 節\n\n本文。\n", "guide"),
        ("---\ntitle: 2024\n---\n本文。\n", "2024"),
        ("---\ntitle: [一, 二]\n---\n本文。\n", "guide"),
    ],
)
def test_title_comes_from_front_matter_then_heading_then_file_name(tmp_path: Path, text: str, title: str) -> None:
    assert read(tmp_path, "guide.md", text).title == title


def test_a_title_spelt_with_escapes_is_text(tmp_path: Path) -> None:
    front = r'title: "\ud83d\ude00 \ud800返品\0\e[31m"'
    assert read(tmp_path, "guide.md", f"---\n{front}\n---\n本文。\n").title == "😀 返品[31m"


def test_a_sentence_between_two_rules_is_no_front_matter(tmp_path: Path) -> None:
    document = read(tmp_path, "a.md", "---\nお知らせです。\n---\n\n本文です。\n")
    assert "お知らせです。" in [found for _, found in contents(document.text, document.blocks)]


@pytest.mark.parametrize(
    ("front", "expected"),
    [
        ("title: a: b: [", "not valid YAML at line 2"),
        ("- 一\n- 二", "not `name: value` lines"),
        ("title: !!python/object/apply:os.system [ls]", "not valid YAML"),
        ("[" * 5000, "not valid YAML"),
        ("date: 2024-99-99", "not valid YAML"),
    ],
)
def test_broken_front_matter_is_refused_with_its_mend(tmp_path: Path, front: str, expected: str) -> None:
    message = refusal(tmp_path, "a.md", f"---\n{front}\n---\n本文。\n")
    assert expected in message
    assert "delete the block" in message


JAPANESE = "この文書は日本語で書かれた案内です。返品の手順を説明します。"


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("cp932", "Shift_JIS"),
        ("euc_jp", "EUC-JP"),
        ("iso2022_jp", "ISO-2022-JP"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-32", "UTF-32"),
    ],
)
@pytest.mark.parametrize("suffix", [".md", ".txt"])
def test_another_encoding_is_named(tmp_path: Path, encoding: str, name: str, suffix: str) -> None:
    message = refusal(tmp_path, "a" + suffix, JAPANESE.encode(encoding) if "-le" not in encoding else b"a\0b\0c\0\n\0")
    assert name in message
    assert "UTF-8" in message


def test_bytes_that_are_no_text_in_any_encoding(tmp_path: Path) -> None:
    assert "not UTF-8" in refusal(tmp_path, "a.txt", bytes(range(128, 256)) * 40)


@pytest.mark.parametrize("name", ["a.md", "a.txt", "a.html", "a.pdf", "a.docx"])
@pytest.mark.parametrize("content", [b"", b" \n\t \r\n"])
def test_an_empty_file_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    assert "empty" in refusal(tmp_path, name, content)


@pytest.mark.parametrize("content", ["---\ntitle: 空\n---\n", "<!-- なし -->\n", "\ufeff\u3000\n"])
def test_a_file_without_text_is_refused(tmp_path: Path, content: str) -> None:
    assert "no text" in refusal(tmp_path, "a.md", content)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"%PDF-1.7 ...", "PDF"),
        (b"PK\x03\x04....", "ZIP"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"\xd0\xcf\x11\xe0 old", "old Word"),
        ("本文\x00です。".encode(), "NUL"),
    ],
)
@pytest.mark.parametrize("name", ["a.md", "a.txt", "a.html"])
def test_binary_content_is_refused(tmp_path: Path, name: str, content: bytes, expected: str) -> None:
    assert expected in refusal(tmp_path, name, content)


def test_an_unknown_suffix_lists_the_known_ones(tmp_path: Path) -> None:
    assert ".docx" in refusal(tmp_path, "a.xlsx", b"x")


def test_a_file_beyond_the_size_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "MAX_BYTES", 1024)
    assert "larger" in refusal(tmp_path, "a.txt", "あ" * 1000)


def test_a_text_beyond_the_length_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "MAX_CHARS", 100)
    assert "limit is 100" in refusal(tmp_path, "a.txt", "あ" * 101)


def test_a_missing_file_is_a_document_error(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="cannot be opened"):
        read_document(tmp_path / "none.md", "none.md")


def test_a_file_without_permission_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("本文。", "utf-8")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    with pytest.raises(DocumentError, match="permissions"):
        read_document(path, "a.md")


def test_a_named_pipe_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.md")
    with pytest.raises(DocumentError, match="not an ordinary file"):
        read_document(tmp_path / "a.md", "a.md")


# A folder


def corpus(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / (name.replace("__", "/") + ".md")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


def test_documents_come_sorted_and_each_is_announced(tmp_path: Path) -> None:
    corpus(tmp_path, z="本文。", guide__b="本文。", guide__a="本文。")
    heard: list[str] = []
    reading = read_corpus(tmp_path, heard.append)
    assert [document.doc_id for document in reading.documents] == ["guide/a.md", "guide/b.md", "z.md"] == heard
    assert reading.left_out == ()


def test_a_file_that_is_as_it_was_is_announced_and_not_read(tmp_path: Path) -> None:
    corpus(tmp_path, a="本文。", b="本文。", c="")
    known = dict.fromkeys(("a.md", "c.md", "gone.md"), hashlib.sha256("本文。".encode()).hexdigest())
    heard: list[str] = []
    unchanged, document, left_out = read_files(tmp_path, heard.append, known=known)
    assert heard == ["a.md", "b.md", "c.md"]
    assert unchanged == Unchanged("a.md")
    assert isinstance(document, Document)
    assert (document.doc_id, document.source_sha256) == ("b.md", known["a.md"])
    assert isinstance(left_out, LeftOut)
    assert left_out.doc_id == "c.md"


def test_a_corpus_of_which_nothing_has_changed_is_read(tmp_path: Path) -> None:
    corpus(tmp_path, a="本文。")
    assert list(read_files(tmp_path, known={"a.md": hashlib.sha256("本文。".encode()).hexdigest()})) == [
        Unchanged("a.md")
    ]


def test_what_is_no_document_is_skipped_without_a_word(tmp_path: Path) -> None:
    corpus(tmp_path, a="本文。", README="読んで。", translations__notes="訳。", sub__LICENSE="文。", sub__b="本文。")
    for name in (".hidden.md", "glossary.tsv", "README.ja.md", "NOTICE", "LICENSE"):
        (tmp_path / name).write_text("本文。", "utf-8")
    (tmp_path / "translations" / "en.po").write_text("", "utf-8")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "a.md").write_text("本文。", "utf-8")
    reading = read_corpus(tmp_path)
    assert [document.doc_id for document in reading.documents] == ["a.md", "sub/b.md"]
    assert reading.left_out == ()


def test_a_broken_file_is_left_out_and_the_others_are_read(tmp_path: Path) -> None:
    corpus(tmp_path, a="本文。", empty="")
    (tmp_path / "b.txt").write_bytes(JAPANESE.encode("cp932"))
    (tmp_path / "c.xlsx").write_bytes(b"x")
    (tmp_path / "d.md").mkdir()
    (tmp_path / "d.md" / "e.md").write_text("本文。", "utf-8")
    reading = read_corpus(tmp_path)
    assert [document.doc_id for document in reading.documents] == ["a.md", "d.md/e.md"]
    assert [item.doc_id for item in reading.left_out] == ["b.txt", "c.xlsx", "d.md", "empty.md"]
    assert "Shift_JIS" in reading.left_out[0].problem


def test_links_that_lead_out_or_in_circles_are_left_out(tmp_path: Path) -> None:
    root = corpus(tmp_path / "corpus", a="本文。", sub__b="本文。")
    (tmp_path / "secret.md").write_text("秘密。", "utf-8")
    (root / "out.md").symlink_to(tmp_path / "secret.md")
    (root / "circle.md").symlink_to(root / "circle.md")
    (root / "gone.md").symlink_to(root / "nothing.md")
    (root / "sub" / "up").symlink_to(root)
    (root / "inside.md").symlink_to(root / "sub" / "b.md")
    reading = read_corpus(root)
    assert [document.doc_id for document in reading.documents] == ["a.md", "inside.md", "sub/b.md"]
    assert [item.doc_id for item in reading.left_out] == ["circle.md", "gone.md", "out.md", "sub/up"]
    assert "out of the corpus" in reading.left_out[2].problem


def test_a_name_that_is_not_utf8_is_left_out(tmp_path: Path) -> None:
    corpus(tmp_path, a="本文。")
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.md")).write_text("本文。", "utf-8")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    (left_out,) = read_corpus(tmp_path).left_out
    assert left_out.doc_id.encode("utf-8")
    assert "file name" in left_out.problem


def test_a_missing_folder_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="RAG_SUPPORT_CORPUS"):
        read_corpus(tmp_path / "none")


def test_a_folder_with_nothing_readable_names_what_was_left_out(tmp_path: Path) -> None:
    corpus(tmp_path, empty="")
    with pytest.raises(CorpusError, match=r"empty\.md: The file is empty"):
        read_corpus(tmp_path)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("返品の手順をご案内します。", "ja"),
        ("カスタマーサービス", "ja"),
        ("退货流程说明：请先联系客服。", "zh"),
        ("Amazon 退货流程说明：请先联系客服人员。", "zh"),
        ("How to return an item to our store in Tokyo (東京).", "en"),
        ("12345", "en"),
    ],
)
def test_language_of_a_document(text: str, language: str) -> None:
    assert guess_language(text) == language


@given(content=st.binary(max_size=300), name=st.sampled_from(["a.md", "a.txt", "a.html", "a.pdf", "a.docx"]))
def test_any_bytes_are_a_document_or_a_document_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, name: str
) -> None:
    folder = tmp_path_factory.getbasetemp()
    try:
        document = read(folder, name, content)
    except DocumentError:
        return
    assert_contract(document.text, document.blocks)


@pytest.mark.parametrize("name", ["a.pdf", "a.docx"])
def test_a_text_file_under_another_name_is_refused(tmp_path: Path, name: str) -> None:
    assert "not a" in refusal(tmp_path, name, "これは本文です。\n")


def test_a_zip_under_the_name_of_a_word_document_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a.txt", "a")
    assert "ZIP archive" in refusal(tmp_path, "a.docx", (tmp_path / "x.zip").read_bytes())
