"""The reviewed translations say the same figures as the Japanese, each in its own language.

What is compared is what can be: numbers, telephone numbers, domains, times, button labels, scripts, closing marks. That
a sentence says the same thing is a matter of reading.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from opencc import OpenCC

from rag_support.ingest.readers import read_corpus
from rag_support.ingest.translation_memory import TARGET_LANGUAGES, Place, coverage, read_catalog, segments_of

CORPUS = Path(__file__).parents[2] / "corpus"
FACT_VALUES = Path(__file__).with_name("fact_values.tsv")

TELEPHONE = r"\d{2,4}-\d{2,4}-\d{3,4}"
DOMAIN = r"@?amazon(?:\.[a-z]{2,})+"
CLOCK = r"\d{1,2}:\d{2}"
NUMBER = r"\d+(?:,\d{3})*(?:\.\d+)?"
VALUE = re.compile(rf"{TELEPHONE}|{DOMAIN}|{CLOCK}|(?P<number>{NUMBER})(?P<unit>万| million|%)?", re.ASCII)
SYMBOL = re.compile("[◎○△×]")
LABEL = re.compile("「[^「」]*」")
# A label that stays Japanese is followed by what it means: “「ヘルプ」 (Help)”, “「ヘルプ」（帮助）”.
GLOSSED_LABEL = {"en": re.compile(r"「[^「」]*」 \([^()]+\)"), "zh": re.compile(r"「[^「」]*」（[^（）]+）")}

COUNTER = re.compile(r"(?P<digit>\d)(?:つ|種類)|(?P<kanji>[二三四五六七八九])つ", re.ASCII)
KANJI_DIGITS = "〇一二三四五六七八九"
WORDS = {
    "en": ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    "zh": tuple(KANJI_DIGITS),
}
UNITS = {"万": 10_000, " million": 1_000_000}

KANA = re.compile(r"[\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\uff66-\uff9d]")
IDEOGRAPH = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")

in_each_language = pytest.mark.parametrize("language", TARGET_LANGUAGES)


@pytest.fixture(scope="module")
def segments() -> dict[str, list[Place]]:
    return segments_of(read_corpus(CORPUS).documents)


def translations(language: str) -> dict[str, str]:
    return {str(message.id): str(message.string) for message in read_catalog(CORPUS, language) if message.id}


def faults(language: str, is_right: Callable[[str, str], bool]) -> dict[str, str]:
    """The entries for which is_right(Japanese, translation) is false."""
    return {source: target for source, target in translations(language).items() if not is_right(source, target)}


def values(text: str) -> Counter[str]:
    """How often each figure stands: numbers without separators, 5,600万 and 56 million both as 56000000."""
    found: Counter[str] = Counter(SYMBOL.findall(text))
    for match in VALUE.finditer(text):
        number = match["number"]
        if number is None:
            found[match[0]] += 1
        else:
            amount = float(number.replace(",", "")) * UNITS.get(match["unit"], 1)
            found[f"{amount:.15g}" + ("%" if match["unit"] == "%" else "")] += 1
    return found


def counts(source: str) -> list[int]:
    """What Japanese counters count, as in 3つ, 7種類 or 三つ."""
    return [int(m["digit"]) if m["digit"] else KANJI_DIGITS.index(m["kanji"]) for m in COUNTER.finditer(source)]


def says_count(target: str, count: int, language: str) -> bool:
    words = {"en": rf"\b{WORDS['en'][count]}\b", "zh": WORDS["zh"][count] + ("|两" if count == 2 else "")}
    return bool(re.search(rf"(?<!\d){count}(?!\d)|{words[language]}", target, re.ASCII | re.IGNORECASE))


def same_values(source: str, target: str, language: str) -> bool:
    """Figures agree both ways. Counters may be words; a label kept beside its gloss says its figure once."""
    kept = [label for label in LABEL.findall(source) if label in target]
    for label in kept:
        target = target.replace(label, "", 1)
    expected, found = values(source), values(target)
    for count in counts(source):
        if not says_count(target, count, language):
            return False
        found.subtract([str(count)] if found[str(count)] else [])
    expected.subtract(match["digit"] for match in COUNTER.finditer(source) if match["digit"])
    return +expected == +found


def outside_labels(text: str) -> str:
    return LABEL.sub("", text)


def closes_alike(source: str, target: str, language: str) -> bool:
    marks = {"en": {"。": ".", "？": "?", "」": "”"}, "zh": {"。": "。", "？": "？", "」": "”"}}[language]
    if source[-1] in marks:
        # Chinese opens a list with a colon where the Japanese sentence ends.
        opens_a_list = language == "zh" and source.endswith("。") and "次の" in source
        return target[-1] == marks[source[-1]] or (opens_a_list and target[-1] == "：")
    if source.endswith("か"):  # a heading that asks
        return target[-1] in "?？" or target[-1].isalnum()
    return target[-1] not in ".。,，、;；:：!！?？"


@pytest.mark.parametrize(
    ("source", "target", "language"),
    [
        ("年間で約5,600万件以上です。", "about 56 million or more a year.", "en"),
        ("年間で約5,600万件以上です。", "每年约5,600万件以上。", "zh"),
        ("次の7種類です。", "the following seven types.", "en"),
        ("次の7種類です。", "以下7类：", "zh"),
        ("次の三つです。", "the following 3.", "en"),
        ("「24時間」を検索します。", "Search for 「24時間」 (24 hours).", "en"),
        ("9:00〜18:00", "9:00–18:00", "en"),
        ("満足度は何%ですか？", "What percentage of users are satisfied?", "en"),
    ],
)
def test_figures_may_be_written_as_each_language_does(source: str, target: str, language: str):
    assert same_values(source, target, language)


@pytest.mark.parametrize(
    ("source", "target", "language"),
    [
        ("約5,600万件以上です。", "about 560 million or more.", "en"),
        ("約5,600万件以上です。", "约5,600件以上。", "zh"),
        ("次の7種類です。", "the following six types.", "en"),
        ("次の三つです。", "以下4项。", "zh"),
        ("次の三つです。", "the following three, 24 hours a day.", "en"),
        ("「24時間」を検索します。", "Search for 「24時間」 (hours).", "en"),
        ("番号は0120-999-373です。", "The number is 0120-999-378.", "en"),
        ("6:00〜24:00です。", "24小时。", "zh"),
        ("amazon.jpです。", "域名是amazon.co.jp。", "zh"),
        ("満足度は92%です。", "满意度为93%。", "zh"),
        ("電話は24時間です。", "The phone is open all day.", "en"),
    ],
)
def test_another_figure_is_found_out(source: str, target: str, language: str):
    assert not same_values(source, target, language)


@in_each_language
def test_every_segment_has_a_reviewed_translation(language: str, segments: Mapping[str, list[Place]]):
    covered = coverage(CORPUS, language, segments)
    assert covered.missing == ()
    assert covered.fuzzy == ()
    assert covered.reviewed == covered.segments == len(segments)
    assert covered.obsolete == 0


@in_each_language
def test_figures_are_those_of_the_japanese(language: str):
    assert faults(language, lambda source, target: same_values(source, target, language)) == {}


@in_each_language
def test_telephone_numbers_keep_their_order(language: str):
    """A sentence that names several callers gives each its own number."""
    assert faults(language, lambda ja, other: re.findall(TELEPHONE, ja) == re.findall(TELEPHONE, other)) == {}


@in_each_language
def test_button_labels_stay_japanese_and_are_glossed(language: str):
    fields = [line.split("\t")[1] for line in FACT_VALUES.read_text(encoding="utf-8").splitlines()]
    labels = [value for value in fields if LABEL.fullmatch(value)]
    assert len(labels) == 9
    assert faults(language, lambda ja, other: all(label in other for label in labels if label in ja)) == {}
    assert faults(language, lambda ja, other: "「" not in GLOSSED_LABEL[language].sub("", other)) == {}
    assert faults(language, lambda ja, other: all(label in ja for label in LABEL.findall(other))) == {}


@in_each_language
def test_no_kana_outside_labels(language: str):
    assert faults(language, lambda _, other: not KANA.search(outside_labels(other))) == {}


def test_english_has_no_ideographs_outside_labels():
    assert faults("en", lambda _, english: not IDEOGRAPH.search(outside_labels(english))) == {}


def test_english_has_no_full_width_forms_outside_labels():
    full_width = re.compile(r"[\u3000-\u303f\uff01-\uff65]")
    assert faults("en", lambda _, english: not full_width.search(outside_labels(english))) == {}


def test_chinese_is_simplified():
    simplify = OpenCC("t2s").convert
    assert simplify("電話號碼") == "电话号码"
    assert faults("zh", lambda _, zh: simplify(outside_labels(zh)) == outside_labels(zh)) == {}


@in_each_language
def test_sentences_close_in_the_marks_of_their_language(language: str):
    assert faults(language, lambda source, target: closes_alike(source, target, language)) == {}


@in_each_language
def test_notes_stay_notes(language: str):
    note = {"en": "Note: ", "zh": "请注意："}[language]
    assert faults(language, lambda ja, other: ja.startswith("注意：") == other.startswith(note)) == {}


@in_each_language
def test_translations_have_no_stray_white_space(language: str):
    assert faults(language, lambda _, other: other == " ".join(other.split())) == {}
