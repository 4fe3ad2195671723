"""Text → language tag, confidence and the reason in words.

The idea: strong evidence first, and honesty when it runs out. In order: scripts other than ours; English grammar
around a foreign word; kana; characters that only one of Japanese, Simplified or Traditional Chinese writes; a hashed
character n-gram classifier for the Han text that is left (営業時間 against 营业时间 is easy, 返品 against 退款 is not);
what the browser asks for. Latin text is English, romaji, pinyin, or whatever langdetect is sure of.
The character sets and weights are data, made by `python -m training.language`. Digits, URLs, e-mail addresses, brands,
emoji, punctuation and zero-width characters are no evidence. Left out on purpose: splitting text by language, dialects.
"""

import base64
import functools
import json
import math
import re
import threading
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).with_name("data") / "language.json"
LONGEST_CHARS = 2_000  # of the question; what follows is not read
CLASSIFIED_CHARS = 128  # of Han or Latin text; the classifier is sure long before
HOUSE_LANGUAGE = "ja"  # the sources' language: the prior when Han text is ambiguous and nobody says more
DECISIVE = 0.85  # probability from which the Han classifier is believed without a prior
AMBIGUOUS = 0.6  # the highest confidence of an answer that rests on a prior

_IGNORED = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]+"
)
_ASCII_RUN = re.compile("[!-~]+")
_ADDRESS = re.compile(r"://|@|^www\.|\.(?:com|net|org|edu|gov|info|io|app|dev|jp|cn|tw|hk)(?:[/:?#.,!]|$)", re.I)
_NOT_LETTERS = re.compile(r"[\W\d_]+")
_HAN = re.compile("[々〆〇\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]+")
_KANA = re.compile("[ぁ-ゖゝ-ゟ]+|[ァ-ヺヽ-ヿㇰ-ㇿ][ァ-ヺー-ヿㇰ-ㇿ]*")
_KANA_LETTERS = re.compile("[ぁ-ゖゝ-ゟァ-ヺー-ヿㇰ-ㇿ]+")
_LATIN = re.compile("[A-Za-zªºÀ-ÖØ-öø-ʯḀ-ỿ]+")
_WORD = re.compile(r"[A-Za-zÀ-ÖØ-öø-ʯḀ-ỿ0-9]+(?:['’][A-Za-z]+)?")
# A particle right after something that is not hiragana is Japanese grammar, also inside "Amazonの返品 how?".
_PARTICLE = re.compile("(?<=[^ぁ-ゖ])[をがはにでのともへ]")
_JAPANESE_GRAMMAR = re.compile(
    "を|です|ます|ませ|した|たい|くだ|ない|から|まで|とは|って|れる|でしょ|(?<=[^ぁ-ゖ])[がはにで]"
)
_ROMAJI = re.compile(
    r"(?>(?:(?>kk|ss|ssh|tt|tts|tch|pp|cch|ch|sh|ts|dz|[kgnhbpmrs]y|jy|[kgsztdnhbpmyrwfj])?[aiueo])|n'?|h(?=[kstnmrgdz]|$))++"
)
_PINYIN = re.compile(
    "(?>(?>zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?"
    "(?>iang|iong|uang|ang|eng|ing|ong|ian|iao|uai|uan|ai|an|ao|ei|en|er|ia|ie|in|iu|ou|ua|ue|ui|un|uo|[aeiouv]))++"
)
_TONES = "\u0300\u0301\u0302\u0304\u0308\u030c"  # grave, acute, circumflex, macron, diaeresis, caron

_FUNCTION_WORDS = frozenset(
    "a an the how what which when where why who do does did is are was were can could will would should may i you your my "
    "me we it its this that these to of for in on at with from by about into after before and or but if not no yes have "
    "has be been there please want need get got any mean means say i'm don't can't i'd i've it's what's".split()
)
_BRANDS = frozenset(
    "amazon prime kindle alexa audible iphone ipad ios android google apple line paypay paypal visa mastercard jcb amex "
    "suica rakuten yahoo facebook instagram twitter youtube netflix windows microsoft gmail wifi wechat weixin alipay "
    "taobao sony nintendo switch ps usb pc tv id vip qr pdf atm sms sim app ok aws".split()
)
# Script (first word of the Unicode name) → languages that write it; the first is meant unless langdetect names another.
_SCRIPTS: dict[str, tuple[str, ...]] = {
    "HANGUL": ("ko",), "CYRILLIC": ("ru", "uk", "bg", "mk"), "THAI": ("th",), "ARABIC": ("ar", "fa", "ur"),
    "HEBREW": ("he",), "GREEK": ("el",), "DEVANAGARI": ("hi", "mr", "ne"), "BENGALI": ("bn",), "TAMIL": ("ta",),
    "TELUGU": ("te",), "KANNADA": ("kn",), "MALAYALAM": ("ml",), "GUJARATI": ("gu",), "GURMUKHI": ("pa",),
    "SINHALA": ("si",), "ARMENIAN": ("hy",), "GEORGIAN": ("ka",), "KHMER": ("km",), "LAO": ("lo",), "MYANMAR": ("my",),
    "TIBETAN": ("bo",), "ETHIOPIC": ("am",), "MONGOLIAN": ("mn",), "BOPOMOFO": ("zh",),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Detection:
    """What language a text is in, how sure that is, and why."""

    language: str  # BCP 47: "ja", "en", "zh", another language's tag such as "ko", or "und" when no letter speaks
    confidence: float  # 0..1; at most 0.6 when the text itself does not decide, at least 0.95 when it plainly does
    reason: str  # a short English phrase
    variant: str | None = None  # "zh-Hans" or "zh-Hant" when the characters decide, else None


def detect(text: str, *, accept_language: str | None = None) -> Detection:
    """Name the language of a question. Never raises on any str; reads the first 2,000 characters.

    `accept_language` is the HTTP header (RFC 9110 §12.5.4); it is asked only where the text is ambiguous.
    """
    text = _IGNORED.sub("", text[:LONGEST_CHARS])
    text = unicodedata.normalize("NFKC", text)[:LONGEST_CHARS]
    text = _ASCII_RUN.sub(lambda run: " " if _ADDRESS.search(run[0]) else run[0], text)
    letters = _NOT_LETTERS.sub("", text)
    if not letters:
        return Detection("und", 0.0, "no letters")
    if letters.isascii():
        return _latin(text, accept_language)
    han = "".join(_HAN.findall(letters))
    kana_runs = _KANA.findall(letters)
    cjk_chars = len(han) + sum(map(len, kana_runs))
    others = _LATIN.sub("", _KANA_LETTERS.sub("", _HAN.sub("", letters)))
    words = _words(text)
    if cjk_chars + len(others) and _is_english_around(words, letters, cjk_chars + len(others)):
        return Detection("en", 0.95, "english sentence around a foreign word")
    if others and (len(others) > cjk_chars) and (len(others) > 1 or len(letters) == 1):
        return _other_script(text, others)
    if kana_runs:
        return _with_kana(letters, han, kana_runs, accept_language)
    if han:
        return _han(han, accept_language)
    return _latin(text, accept_language)


def preferred_languages(accept_language: str | None) -> dict[str, float]:
    """Primary tags of an Accept-Language header and their highest q, 0 < q ≤ 1; what cannot be read is skipped."""
    weights: dict[str, float] = {}
    for item in (accept_language or "")[:1_000].split(","):
        tag, _, parameter = item.strip().partition(";")
        primary = tag.strip().lower().replace("_", "-").partition("-")[0]
        quality = re.fullmatch(r"\s*q\s*=\s*([01](?:\.[0-9]*)?)\s*", parameter) if parameter else None
        q = float(quality[1]) if quality else 0.0 if parameter else 1.0
        if 0 < q <= 1 and primary.isascii() and primary.isalpha():
            primary = {"cmn": "zh", "yue": "zh"}.get(primary, primary)
            weights[primary] = max(q, weights.get(primary, 0.0))
    return weights


# --- scripts and mixtures -------------------------------------------------------------------------------------------


def _words(text: str) -> list[str]:
    """Lower-case Latin words, brands and anything with a digit left out."""
    found = (word.lower().replace("’", "'") for word in _WORD.findall(text))
    return [word for word in found if word not in _BRANDS and not any(c.isdigit() for c in word)]


def _is_english_around(words: list[str], letters: str, foreign_chars: int) -> bool:
    """English grammar outweighs the rest: a Latin word weighs as two Han or kana characters, so does a particle."""
    function_words = sum(word in _FUNCTION_WORDS for word in words)
    return function_words >= 2 and 2 * len(words) > foreign_chars + 2 * len(_PARTICLE.findall(letters))


def _other_script(text: str, others: str) -> Detection:
    scripts = Counter(unicodedata.name(c, "UNKNOWN").partition(" ")[0] for c in others)
    script = scripts.most_common(1)[0][0]
    languages = _SCRIPTS.get(script)
    if languages is None:
        return Detection("und", 0.0, "a script this service does not know")
    if len(languages) == 1:
        return Detection(languages[0], 0.99, f"{script.lower()} script")
    guess = _langdetect(text)
    if guess and guess[0] in languages and guess[1] >= 0.8:
        return Detection(guess[0], 0.95, f"{script.lower()} script; langdetect")
    return Detection(languages[0], 0.8, f"{script.lower()} script")


def _with_kana(letters: str, han: str, kana_runs: list[str], accept_language: str | None) -> Detection:
    """Japanese, unless Chinese characters outnumber the kana words and no kana is grammar: 请问ポケモンカード能退吗."""
    characters = _model().characters
    chinese = sum(c in characters["chinese"] for c in han)
    words = sum(run != "の" for run in kana_runs)
    if chinese > words and not _JAPANESE_GRAMMAR.search(letters):
        return Detection("zh", 0.9, "chinese-only characters around a few kana", _variant(han))
    sure = sum(map(len, kana_runs)) >= 2 or bool(_JAPANESE_GRAMMAR.search(letters))
    return Detection("ja", 0.99 if sure and chinese <= words else 0.9, "kana")


# --- Han-only text --------------------------------------------------------------------------------------------------


def _han(han: str, accept_language: str | None) -> Detection:
    characters = _model().characters
    counts = {name: sum(c in members for c in han) for name, members in characters.items()}
    japanese, chinese = counts["japanese"], counts["chinese"]
    if japanese and not chinese:
        return Detection("ja", 0.98, "japanese-only characters")
    if chinese and not japanese:
        variant = _variant(han)
        kind = {"zh-Hans": "simplified-only", "zh-Hant": "traditional-only"}.get(variant or "", "chinese-only")
        return Detection("zh", 0.98, f"{kind} characters", variant)
    logit = _model().scores["han"].logit(han[:CLASSIFIED_CHARS])
    prior, shift = _han_prior(accept_language)
    probability = 1 / (1 + math.exp(-max(-30.0, min(30.0, logit + shift))))
    language = "ja" if probability >= 0.5 else "zh"
    confidence = max(probability, 1 - probability)
    if confidence < DECISIVE:
        return Detection(prior, AMBIGUOUS if language == prior else 0.5, f"ambiguous Han text; prior {prior}")
    reason = f"Han characters as {'Japanese' if language == 'ja' else 'Chinese'} combines them"
    return Detection(language, round(min(confidence, 0.99), 3), reason, _variant(han) if language == "zh" else None)


def _han_prior(accept_language: str | None) -> tuple[str, float]:
    """The likelier of ja and zh before reading, and its weight as a logit (positive for ja)."""
    weights = preferred_languages(accept_language)
    ja, zh = weights.get("ja", 0.0), weights.get("zh", 0.0)
    if ja == zh:
        return HOUSE_LANGUAGE, 0.0
    return ("ja", 1.5 * ja) if ja > zh else ("zh", -1.5 * zh)


def _variant(han: str) -> str | None:
    shapes = _model().shapes
    simplified = sum(c in shapes["simplified"] for c in han)
    traditional = sum(c in shapes["traditional"] for c in han)
    if simplified == traditional:
        return None
    return "zh-Hans" if simplified > traditional else "zh-Hant"


# --- Latin text -----------------------------------------------------------------------------------------------------


def _latin(text: str, accept_language: str | None) -> Detection:
    words = _words(text)
    if not words:
        languages = preferred_languages(accept_language)
        prior = max(languages, key=lambda tag: languages[tag]) if languages else "en"
        return Detection(prior, 0.5, f"only names; prior {prior}")
    english = _model().english
    known = sum(word in english or word in _FUNCTION_WORDS for word in words) / len(words)
    if known < 1:
        written = _romanised(words)
        if written:
            return written
    if known >= 0.5:
        return Detection(
            "en", 0.99 if known == 1 and len(words) > 1 else 0.95 if known >= 0.75 else 0.85, "english words"
        )
    if len(words) >= 2 or not "".join(words).isascii():
        guess = _langdetect(text)
        if guess and guess[1] >= 0.9 and len("".join(words)) >= 6:
            return Detection(guess[0], round(0.95 * guess[1], 3), "latin script; langdetect")
    return Detection("en", 0.55, "latin script; english unless shown otherwise")


def _romanised(words: list[str]) -> Detection | None:
    """Romaji or pinyin: the syllables fit, and the n-grams look it."""
    plain = [_plain(word) for word in words]
    line = " ".join(plain)[:CLASSIFIED_CHARS]
    found = []
    for table, shape, language in (("romaji", _ROMAJI, "ja"), ("pinyin", _PINYIN, "zh")):
        fitting = sum(shape.fullmatch(word) is not None for word in plain)
        if fitting * 3 >= len(plain) * 2:
            found.append((_model().scores[table].logit(line), table, language))
    logit, table, language = max(found, default=(0.0, "", ""))
    if logit < 1.5:
        return None
    return Detection(language, round(min(0.97, 1 / (1 + math.exp(-logit))), 3), table)


def _plain(word: str) -> str:
    """zěnme → zenme, ryōkin → ryokin, nǚ → nv; letters with other marks stay."""
    decomposed = unicodedata.normalize("NFD", word.replace("ü", "v"))
    return unicodedata.normalize("NFC", "".join(c for c in decomposed if c not in _TONES))


_langdetect_lock = threading.Lock()  # langdetect fills its factory without one


def _langdetect(text: str) -> tuple[str, float] | None:
    """(tag, probability) by langdetect, seeded so that an answer stays the same; None when it finds nothing."""
    from langdetect import DetectorFactory, detect_langs
    from langdetect.lang_detect_exception import LangDetectException

    with _langdetect_lock:
        DetectorFactory.seed = 0
        try:
            best = detect_langs(text)[0]
        except LangDetectException:
            return None
    return {"zh-cn": "zh", "zh-tw": "zh"}.get(best.lang, best.lang), best.prob


# --- data -----------------------------------------------------------------------------------------------------------


def hashed_ngrams(text: str, longest: int, bits: int) -> Iterator[int]:
    """Bucket, 0 ≤ b < 2**bits, of every character 1- to `longest`-gram; the text's start and end are characters too.

    The hashing trick: Weinberger et al., ICML 2009, arXiv:0902.2206. The mixing is Fibonacci hashing, done per character.
    """
    codes = [2, *map(ord, text), 3]
    shift = 32 - bits
    for start in range(len(codes)):
        mixed = 0
        for code in codes[start : start + longest]:
            mixed = (mixed ^ code) * 0x9E3779B1 & 0xFFFFFFFF
            mixed ^= mixed >> 15
            yield mixed >> shift


@dataclass(frozen=True, slots=True)
class _Score:
    """A logistic regression over hashed n-grams; its weights are int8 steps of `step`."""

    weights: memoryview
    step: float
    bias: float
    longest: int
    bits: int

    def logit(self, text: str) -> float:
        weights = self.weights
        return self.step * sum(weights[b] for b in hashed_ngrams(text, self.longest, self.bits)) + self.bias


@dataclass(frozen=True, slots=True)
class _Model:
    characters: dict[str, frozenset[str]]  # "japanese", "chinese": written by one of the two only
    shapes: dict[str, frozenset[str]]  # "simplified", "traditional": forms that differ, whoever else writes them
    english: frozenset[str]  # frequent words, lower case
    scores: dict[str, _Score]  # "han": ja against zh; "romaji", "pinyin": that against the other two


@functools.cache
def _model() -> _Model:
    stored = json.loads(DATA.read_text(encoding="utf-8"))
    scores = {
        name: _Score(
            memoryview(zlib.decompress(base64.b64decode(score["weights"]))).cast("b"),
            score["step"], score["bias"], score["longest"], score["bits"],
        )
        for name, score in stored["scores"].items()
    }  # fmt: skip
    return _Model(
        characters={name: frozenset(members) for name, members in stored["characters"].items()},
        shapes={name: frozenset(members) for name, members in stored["shapes"].items()},
        english=frozenset(stored["english"].split()),
        scores=scores,
    )
