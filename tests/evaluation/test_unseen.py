"""The texts that nobody built the service for, and their question sets: what they ask about stands in them."""

from pathlib import Path

import pytest

from rag_support.evaluation.dataset import check_gold, load_needs
from rag_support.ingest.readers import read_corpus

UNSEEN = Path(__file__).parents[2] / "eval" / "unseen"


@pytest.mark.parametrize("name", sorted(path.name for path in UNSEEN.iterdir() if path.is_dir()))
def test_every_gold_place_stands_in_the_text(name: str) -> None:
    file = UNSEEN / name / "questions.jsonl"
    needs = load_needs(file)
    documents = {document.doc_id: document.text for document in read_corpus(UNSEEN / name / "corpus").documents}
    check_gold(needs, documents, file)
    assert sum(need.answerable for need in needs) == 40
    assert all(set(need.questions) == {"ja", "en", "zh"} for need in needs)
