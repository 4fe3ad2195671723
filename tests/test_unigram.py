"""Token ids of a question: the same as the tokenizers library gives."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from rag_support.config import SHIPPED_EMBEDDER
from rag_support.embedding import MODELS
from rag_support.evaluation.dataset import load_needs
from rag_support.unigram import UnigramTokenizer

FILE = MODELS / SHIPPED_EMBEDDER / "tokenizer.json"
ROOT = Path(__file__).parents[1]
STORED = json.loads(FILE.read_bytes())
OURS = UnigramTokenizer(STORED)
THEIRS = Tokenizer.from_file(str(FILE))


def theirs(text: str) -> list[int]:
    return list(THEIRS.encode(text, add_special_tokens=False).ids)


def test_shipped_tokenizer_is_of_the_kind_that_is_read():
    assert UnigramTokenizer.reads(STORED)


@pytest.mark.parametrize(
    "changed",
    [
        {"added_tokens": [{"id": 1, "content": "[CLS]"}]},
        {"post_processor": {"type": "TemplateProcessing"}},
        {"normalizer": None},
        {"model": {**STORED["model"], "type": "BPE"}},
        {"model": {**STORED["model"], "byte_fallback": True}},
        {"model": {**STORED["model"], "unk_id": None}},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_tokenizer_that_does_more_is_left_to_the_library(changed):
    assert not UnigramTokenizer.reads(STORED | changed)


def test_questions_and_corpus_give_the_librarys_ids():
    needs = load_needs(ROOT / "eval" / "questions" / "dev.jsonl")
    texts = [text for need in needs for text in need.questions.values()]
    texts += [line for path in sorted((ROOT / "corpus").rglob("*.md")) for line in path.read_text("utf-8").splitlines()]
    assert [OURS.token_ids(text) for text in texts] == [theirs(text) for text in texts]


@pytest.mark.parametrize(
    "text", ["", " ", "▁", "<unk>", "a<unk>b", "\u200b", "😀😀é😀", "ｱｲｳ ＡＢＣ", "x" * 300, "ก" * 40]
)
def test_odd_texts_give_the_librarys_ids(text):
    assert OURS.token_ids(text) == theirs(text)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40))
def test_any_text_gives_the_librarys_ids(text):
    assert OURS.token_ids(text) == theirs(text)


@given(st.text(alphabet="電話番号返品いつですかカードphone refu'd 0123ー・。？▁", max_size=40))
def test_any_text_of_known_characters_gives_the_librarys_ids(text):
    assert OURS.token_ids(text) == theirs(text)
