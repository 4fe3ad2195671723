"""Languages other than ours: the compact table gives what langdetect gives."""

import pytest
from langdetect import DetectorFactory, detect_langs

from rag_support.other_languages import detect

TEXTS = [
    "Wie kann ich meine Bestellung zurückgeben?",
    "Quels sont les horaires du service client ?",
    "¿Cómo devuelvo un artículo?",
    "Какой у вас номер телефона?",
    "Який у вас номер телефону?",
    "مرحبا كيف يمكنني إرجاع المنتج",
    "شماره تلفن شما چیست",
    "मैं सामान कैसे वापस करूँ?",
    "How do I return an item?",
    "Làm thế nào để trả lại hàng?",
]


@pytest.mark.parametrize("text", TEXTS)
def test_answer_is_that_of_the_library(text, monkeypatch):
    monkeypatch.setattr(DetectorFactory, "seed", 0)
    theirs = detect_langs(text)[0]
    language, probability = detect(text)
    assert language == theirs.lang
    assert probability == pytest.approx(theirs.prob, abs=1e-9)  # the library adds in the order of its files on disk


@pytest.mark.parametrize("text", ["", "123 !?"])
def test_text_that_shows_nothing_is_undetermined(text):
    assert detect(text) == ("und", 0.0)


def test_same_text_gives_the_same_answer():
    assert {detect(TEXTS[1]) for _ in range(5)} == {detect(TEXTS[1])}
