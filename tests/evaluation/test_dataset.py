import json
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from itertools import chain
from pathlib import Path

import pytest
from rows import cite

from rag_support.answering.written_language import has_traditional
from rag_support.errors import EvaluationError
from rag_support.evaluation.dataset import (
    CrosslingualNeed,
    GoldSpan,
    Header,
    LanguageQuery,
    Need,
    check_gold,
    load_crosslingual,
    load_language_queries,
    load_needs,
    text_key,
)
from rag_support.evaluation.metrics import cites_gold
from rag_support.ingest.readers import read_corpus

ROOT = Path(__file__).parents[2]
SPLITS = ("dev", "test")
HEADER = {"format": "rag-support/needs", "version": 1, "split": "dev"}
GOLD = [{"document": "a.md", "quote": "電話は無料です。"}]
NEED = {"id": "n1", "kind": "yes_no", "questions": {"ja": "電話は無料？"}, "gold": GOLD, "required": [{"ja": ["無料"]}]}


def write(folder: Path, *rows: object, header: object = HEADER) -> Path:
    file = folder / "set.jsonl"
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in (header, *rows)]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def need(**fields: object) -> dict[str, object]:
    return {**NEED, **fields}


# ---- reading -------------------------------------------------------------------------------------------------------


def test_a_set_is_read_in_order(tmp_path: Path) -> None:
    loaded = load_needs(write(tmp_path, need(id="b"), "", need(id="a", kind="hostile", gold=[], required=[])))
    assert [(found.id, found.answerable) for found in loaded] == [("b", True), ("a", False)]
    assert loaded[0].gold[0].quote == "電話は無料です。"
    assert loaded[0].required[0].phrases("ja") == ["無料"]
    assert loaded[0].required[0].phrases("en") == ()


def test_separators_that_only_some_call_line_ends_may_stand_in_a_question(tmp_path: Path) -> None:
    question = "電話は\u2028無料\u0085です\u2029か？"
    assert load_needs(write(tmp_path, need(questions={"ja": question})))[0].questions == {"ja": question}


@pytest.mark.parametrize("change", [lambda text: "\ufeff" + text, lambda text: text.replace("\n", "\r\n")])
def test_what_windows_writes_is_read_too(tmp_path: Path, change: Callable[[str], str]) -> None:
    file = write(tmp_path, NEED)
    file.write_bytes(change(file.read_text(encoding="utf-8")).encode())
    assert [found.id for found in load_needs(file)] == ["n1"]


def test_other_sets_are_read_by_their_own_loaders(tmp_path: Path) -> None:
    row = {"text": "營業時間", "language": "zh", "variant": "zh-Hant", "class": "hanzi_hant"}
    (query,) = load_language_queries(write(tmp_path, row, header={**HEADER, "format": "rag-support/language"}))
    assert (query.text, query.variant, query.kind) == ("營業時間", "zh-Hant", "hanzi_hant")
    row = {"passage": "0123456789ab", "questions": {"en": "Who built it?"}}
    (found,) = load_crosslingual(write(tmp_path, row, header={**HEADER, "format": "rag-support/crosslingual"}))
    assert (found.passage, found.questions) == ("0123456789ab", {"en": "Who built it?"})


def test_two_texts_are_the_same_whatever_their_width_case_and_spaces() -> None:
    assert text_key("Ａｍａｚｏｎ の\u3000電話 ") == text_key("amazonの電話")
    assert text_key("STRASSE") == text_key("straße")
    assert text_key("電話") != text_key("電話？")


# ---- errors --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (need(note="?"), "note: Extra inputs are not permitted"),
        (need(kind="question"), "kind: Input should be 'value', 'how_to'"),
        (need(questions={"fr": "gratuit ?"}), "questions.fr"),
        (need(questions={"ja": " "}), "questions.ja"),
        (need(questions={}, required=[]), "there is no question"),
        (need(questions={"en": "Is it free?"}), "fact 1 cannot be shown in 'en': give \"value\", or phrases in it"),
        (need(required=[{"ja": ["無料"]}, {"en": ["free"]}]), "fact 2 cannot be shown in 'ja'"),
        (need(required=[{"ja": []}]), "required.0.ja"),
        (need(required=[{"ja": ["\u3000"]}]), "required.0.ja.0"),
        (need(required=[{"value": ["24時間", "無料"]}]), "required.0: Value error, '無料' holds no value"),
        (need(gold=[], required=[]), "kind 'yes_no' has an answer: say in \"gold\" where it stands"),
        (need(gold=[{"document": "a.md", "quote": ""}]), "gold.0.quote"),
        (need(kind="hostile", required=[]), "kind 'hostile' has no answer, so neither gold, related nor required"),
        (need(kind="far_domain", gold=[]), "kind 'far_domain' has no answer"),
        (need(kind="near_domain", gold=[], required=[], related=GOLD), "kind 'near_domain' has no answer"),
        ('{"id": "n1", ', "Invalid JSON"),
        ("[]", "Input should be an object"),
    ],
)  # fmt: skip
def test_a_wrong_row_is_named_with_its_line_and_what_is_wrong(tmp_path: Path, row: object, says: str) -> None:
    file = write(tmp_path, need(id="right"), "", row)
    with pytest.raises(EvaluationError) as raised:
        load_needs(file)
    message = str(raised.value)
    assert message.startswith(f"{file}:4: ")
    assert says in message
    assert message.endswith("See eval/README.md for the format.")


@pytest.mark.parametrize(
    "header",
    [
        NEED, "not JSON", {"format": "rag-support/needs"}, {**HEADER, "version": 2}, {**HEADER, "split": "train"},
        {**HEADER, "format": "beir"}, {**HEADER, "author": "me"},
    ],
)  # fmt: skip
@pytest.mark.parametrize("load", [load_needs, load_language_queries, load_crosslingual])
def test_a_file_without_a_header_is_refused_and_told_what_it_needs(
    tmp_path: Path, load: Callable[[Path], object], header: object
) -> None:
    file = write(tmp_path, NEED, header=header)
    with pytest.raises(EvaluationError) as raised:
        load(file)
    assert str(raised.value).startswith(f'{file}:1: the first line must be a header such as {{"format": "rag-support/')


def test_a_set_of_one_kind_is_never_read_as_another(tmp_path: Path) -> None:
    file = write(tmp_path, NEED)
    with pytest.raises(EvaluationError, match="this is a rag-support/needs file, but a rag-support/language file is"):
        load_language_queries(file)
    with pytest.raises(EvaluationError, match="needs file, but a rag-support/crosslingual file is needed here"):
        load_crosslingual(file)


@pytest.mark.parametrize(
    ("load", "kind", "rows", "says"),
    [
        (load_needs, "needs", [NEED, need(id="n2"), NEED], "the id 'n1' stands in line 2 too"),
        (
            load_language_queries, "language",
            [{"text": text, "language": "ja", "class": "kana_ja"} for text in ("はい", "いいえ", "はい")],
            "the text 'はい' stands in line 2 too",
        ),
        (
            load_crosslingual, "crosslingual",
            [{"passage": name * 12, "questions": {"ja": "誰？"}} for name in "aba"],
            "the passage 'aaaaaaaaaaaa' stands in line 2 too",
        ),
    ],
)  # fmt: skip
def test_a_row_that_stands_twice_is_named_with_both_lines(
    tmp_path: Path, load: Callable[[Path], object], kind: str, rows: Sequence[object], says: str
) -> None:
    file = write(tmp_path, *rows, header={**HEADER, "format": f"rag-support/{kind}"})
    with pytest.raises(EvaluationError) as raised:
        load(file)
    assert str(raised.value) == f"{file}:4: {says}. Give each row its own."


@pytest.mark.parametrize("passage", ["0123456789a", "0123456789abc", "0123456789AB", "guide/a.md"])
def test_a_passage_is_named_by_its_fingerprint(tmp_path: Path, passage: str) -> None:
    file = write(
        tmp_path,
        {"passage": passage, "questions": {"ja": "誰？"}},
        header={**HEADER, "format": "rag-support/crosslingual"},
    )
    with pytest.raises(EvaluationError, match=r":2: passage: "):
        load_crosslingual(file)


def test_a_file_of_another_encoding_is_named(tmp_path: Path) -> None:
    file = tmp_path / "set.jsonl"
    file.write_bytes("電話".encode("shift_jis"))
    with pytest.raises(EvaluationError, match=r"set\.jsonl: .* Give a UTF-8 JSONL file"):
        load_needs(file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"none\.jsonl: the question set cannot be read"):
        load_needs(tmp_path / "none.jsonl")


def test_a_file_without_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="there is no row below the header"):
        load_needs(write(tmp_path))
    (tmp_path / "set.jsonl").write_text("", encoding="utf-8")
    with pytest.raises(EvaluationError, match=r"set\.jsonl:1: the first line must be a header"):
        load_needs(tmp_path / "set.jsonl")


@pytest.mark.parametrize("place", ["gold", "related"])
def test_a_quote_that_its_document_does_not_hold_is_named(place: str) -> None:
    needs = [Need.model_validate(need(**{place: [{"document": "a.md", "quote": "電話は有料です。"}]}))]
    file = Path("set.jsonl")
    check_gold(needs, {"a.md": "電話は有料です。電話は無料です。"}, file)
    with pytest.raises(
        EvaluationError, match=r"set\.jsonl: need n1: the quote '電話は有料です。' does not stand in a\.md"
    ):
        check_gold(needs, {"a.md": "電話は無料です。"}, file)
    with pytest.raises(EvaluationError, match=r"need n1 names the document a\.md, which the corpus does not hold"):
        check_gold(needs, {"b.md": "電話は有料です。"}, file)


# ---- the sets that ship --------------------------------------------------------------------------------------------

FILES = sorted((ROOT / "eval").glob("*/*.jsonl"))


# each of the splits that are named, or of both
@cache
def needs_of(*splits: str) -> list[Need]:
    return [found for split in splits or SPLITS for found in load_needs(ROOT / "eval" / "questions" / f"{split}.jsonl")]


@cache
def queries_of(*splits: str) -> list[LanguageQuery]:
    files = [ROOT / "eval" / "language" / f"{split}.jsonl" for split in splits or SPLITS]
    return [found for file in files for found in load_language_queries(file)]


@cache
def crosslingual_of(*splits: str) -> list[CrosslingualNeed]:
    files = [ROOT / "eval" / "crosslingual" / f"{split}.jsonl" for split in splits or SPLITS]
    return [found for file in files for found in load_crosslingual(file)]


def test_the_shipped_needs_are_many_and_asked_in_all_languages() -> None:
    kinds = Counter(found.kind for found in needs_of())
    answerable = [found for found in needs_of() if found.answerable]
    assert len(answerable) >= 150
    assert len(needs_of()) - len(answerable) >= 75
    assert kinds["contradiction"] >= 12
    assert all(kinds[kind] >= 20 for kind in ("near_domain", "far_domain", "hostile"))
    assert all(found.questions.keys() == {"ja", "en", "zh"} for found in needs_of())
    assert len({found.id for found in needs_of()}) == len(needs_of())
    assert sum(has_traditional(found.questions["zh"]) for found in answerable) >= 20


def test_the_shipped_language_queries_are_many_of_each_kind() -> None:
    assert len(queries_of()) >= 600
    languages, kinds = Counter(query.language for query in queries_of()), Counter(query.kind for query in queries_of())
    assert all(languages[language] >= 100 for language in ("ja", "en", "zh", "ambiguous"))
    assert min(kinds.values()) >= 20
    variants = {(query.kind, query.variant) for query in queries_of() if query.kind.startswith("hanzi_")}
    # a None: the characters do not tell
    assert variants == {("hanzi_hans", "zh-Hans"), ("hanzi_hans", None), ("hanzi_hant", "zh-Hant")}


def test_the_shipped_crosslingual_needs_are_many_and_share_no_passage() -> None:
    assert len(crosslingual_of()) >= 300
    assert all(found.questions.keys() == {"ja", "en", "zh"} for found in crosslingual_of())
    dev, test = ({found.passage for found in crosslingual_of(split)} for split in SPLITS)
    assert not dev & test


def test_no_question_and_no_query_is_in_both_splits() -> None:
    questions, queries = [], []
    for split in SPLITS:
        asked = chain(*(found.questions.values() for found in (*needs_of(split), *crosslingual_of(split))))
        questions.append({text_key(text) for text in asked})
        queries.append({text_key(query.text) for query in queries_of(split)})
    assert min(map(len, questions)) > 900
    assert set.intersection(*questions) == set.intersection(*queries) == set()


def test_every_gold_quote_stands_in_the_shipped_corpus() -> None:
    documents = {document.doc_id: document.text for document in read_corpus(ROOT / "corpus").documents}
    check_gold(needs_of(), documents, Path("shipped"))


def test_every_required_fact_is_stated_by_one_of_its_gold_quotes() -> None:
    """So that a decoy among the gold places is no place where the fact is stated."""
    decoy = GoldSpan(document="decoy.md", quote="なし")
    cited = [cite(1, decoy.quote, document=decoy.document)]
    unstated = [
        (found.id, fact)
        for found in needs_of()
        for fact in found.required
        if cites_gold(fact, [*found.gold, decoy], cited)
    ]
    assert unstated == []
    assert [found.id for found in needs_of() if found.answerable and not found.required] == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_a_header_names_its_split_and_the_test_split_asks_not_to_be_tuned_on(file: Path) -> None:
    header = Header.model_validate_json(file.read_text(encoding="utf-8").split("\n")[0])
    assert header.split == (file.stem if file.stem in SPLITS else "dev")  # the others are to develop with
    assert ("never tune on this file" in header.note.lower()) == (header.split == "test")


def test_all_shipped_sets_are_checked_here() -> None:
    assert {file.parent.name for file in FILES} == {"questions", "language", "crosslingual", "grounding"}
    assert {file.stem for file in FILES} == {*SPLITS, "calibration", "hard", "reworded"}
