"""Text → language tag, confidence and the reason in words.

The idea: strong evidence first, and honesty when it runs out. In order: scripts other than ours; English grammar
around a foreign word; kana; characters that only one of Japanese, Simplified or Traditional Chinese writes. For the
Han text that is left: whether it is a row of words that one of the two languages has (退款), or both (商品配送), or
neither, and a hashed character n-gram classifier; then priors: what the browser asks for, the language of the
conversation's earlier question, the language in which the indexed texts use the words. Latin text is English, romaji,
pinyin, or whatever langdetect is sure of.
The character sets, words and weights are data, made by `python -m training.language`. Digits, URLs, e-mail addresses,
brands, markup, emoji, punctuation and zero-width characters are no evidence. Left out on purpose: splitting text by
language, dialects.
"""

import math
import re
import unicodedata
from collections import Counter

from rag_support import other_languages
from rag_support.language_data import language_data
from rag_support.language_priors import Priors
from rag_support.types import Detection

LONGEST_CHARS = 2_000  # of the question; what follows is not read
CLASSIFIED_CHARS = 128  # of Han or Latin text; the classifier is sure long before
HOUSE_LANGUAGE = "ja"  # the sources' language: the prior when Han text is ambiguous and nobody says more
NOUN_OF_THE_PAGE = 0.89  # the highest confidence in Japanese where Chinese has every character too
ROMAJI = "romaji"  # the reason given for Japanese in Latin letters
UNPROVEN = 0.89  # the highest confidence in a word or two that another language may write alike
LONG_ENOUGH_WORDS = 3  # of Latin text, from which resemblance is trusted
LONG_ENOUGH_CHARS = 5  # of Han text
LONGEST_SURPRISE = 12  # letters: a shorter romanised word or two may be a name or a word of a third language
DECISIVE = 0.85  # probability from which the Han classifier is believed without a prior
AMBIGUOUS = 0.6  # the highest confidence of an answer that rests on a prior
ROMANISED_LOGIT = 1.0  # from which Latin text is believed to be romaji or pinyin
LONGEST_ABBREVIATION = 4  # ETA, RMA, ASAP: shouted, and no romaji
CHARACTER_LOGIT = 3.0  # weight of one decisive character where the text has both kinds, as in 拉麺
WORDS_LOGIT = 3.0  # where the text is a row of words that only one of the two languages has
PREFERENCE_LOGIT = 1.5  # weight of a header that asks for one of ja and zh only

_IGNORED = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]+"
)
_TAG = re.compile("</?[A-Za-z][^<>]{0,500}>")
_ASCII_RUN = re.compile("[!-~]+")
_ADDRESS = re.compile(r"://|@|^www\.|\.(?:com|net|org|edu|gov|info|io|app|dev|jp|cn|tw|hk)(?:[/:?#.,!]|$)", re.I)
_NOT_LETTERS = re.compile(r"[\W\d_]+")
_HAN = re.compile("[々〆〇\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]+")
_KANA = re.compile("[ぁ-ゖゝ-ゟ]+|[ァ-ヺー-ヿㇰ-ㇿ]+")
_LATIN = re.compile("[A-Za-zªºÀ-ÖØ-öø-˿Ḁ-ỿⱠ-ⱿꜢ-ꟿ]+")
_WORD = re.compile(r"[A-Za-zÀ-ÖØ-öø-ʯḀ-ỿ0-9]+(?:['’][A-Za-z]+)?")
# A particle right after something that is not hiragana is Japanese grammar, also inside "Amazonの返品 how?".
_PARTICLE = re.compile("(?<=[^ぁ-ゖ])[をがはにでのともへ]")
_JAPANESE_GRAMMAR = re.compile(
    "を|です|ます|ませ|した|たい|くだ|ない|から|まで|とは|って|れる|でしょ|(?<=[^ぁ-ゖ])[がはにで]"
)
# what langdetect calls English with typing errors and names, far oftener than text in these languages comes in
_MISTAKEN_FOR = frozenset(("af", "cy", "et", "hr", "lt", "lv", "sl", "so", "sq", "sw"))
_UKRAINIAN = re.compile("[іїєґ]", re.IGNORECASE)
_CHINESE_GRAMMAR = re.compile("[了吗嗎的呢吧是在不没沒怎什我你请請给給被把能可]")
_ROMAJI = re.compile(
    r"(?>(?:(?>ssh|tch|cch|tts|kk|ss|tt|pp|ch|sh|ts|dz|[kgnhbpmrs]y|jy|[kgsztdnhbpmyrwfj])?[aiueo])|n'?|h(?=[kstnmrgdz]|$))++"
)
_PINYIN = re.compile(
    "(?>(?>zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?"
    "(?>iang|iong|uang|ang|eng|ing|ong|ian|iao|uai|uan|ai|an|ao|ei|en|er|ia|ie|in|iu|ou|ua|ue|ui|un|uo|[aeiouv]))++"
)

_FUNCTION_WORDS = frozenset(
    "a an the how what which when where why who do does did is are was were can could will would should may i you your "
    "my me we it its this that these to of for in on at with from by about into after before and or but if not no yes "
    "have has be been there please want need get got any mean means say i'm don't can't it's what's".split()
)
# function words that no other language on this script shares with it, or hardly
_ENGLISH_ALONE = frozenset(
    "the my your you how what where when why can could please this that have has with is are not it did does".split()
)
_IMPERATIVES = frozenset("please translate explain define check track find show tell".split())
_BRANDS = frozenset(
    "amazon prime kindle alexa audible iphone ipad ios android google apple paypay paypal visa mastercard jcb amex "
    "suica rakuten yahoo facebook instagram twitter youtube netflix windows microsoft gmail wifi wechat alipay taobao "
    "sony nintendo ps usb pc tv id vip qr pdf atm sms sim app ok".split()
)
# Script (first word of the Unicode name) → languages that write it; the first is meant unless langdetect names another.
_SCRIPTS: dict[str, tuple[str, ...]] = {
    "HANGUL": ("ko",), "CYRILLIC": ("ru", "uk", "bg", "mk"), "THAI": ("th",), "ARABIC": ("ar", "fa", "ur"),
    "HEBREW": ("he",), "GREEK": ("el",), "DEVANAGARI": ("hi", "mr", "ne"), "BENGALI": ("bn",), "TAMIL": ("ta",),
    "TELUGU": ("te",), "KANNADA": ("kn",), "MALAYALAM": ("ml",), "GUJARATI": ("gu",), "GURMUKHI": ("pa",),
    "SINHALA": ("si",), "ARMENIAN": ("hy",), "GEORGIAN": ("ka",), "KHMER": ("km",), "LAO": ("lo",), "MYANMAR": ("my",),
    "TIBETAN": ("bo",), "ETHIOPIC": ("am",), "MONGOLIAN": ("mn",), "BOPOMOFO": ("zh",),
}  # fmt: skip


NO_PRIORS = Priors()


def detect(text: str, priors: Priors = NO_PRIORS) -> Detection:
    """Name the language of a question. Never raises on any str; reads the first 2,000 characters.

    `priors` are asked only where the text is ambiguous.
    """
    text = unicodedata.normalize("NFKC", _IGNORED.sub("", text[:LONGEST_CHARS]))[:LONGEST_CHARS]
    text = _TAG.sub(" ", text)
    text = _ASCII_RUN.sub(lambda run: " " if _ADDRESS.search(run[0]) else run[0], text)
    letters = _NOT_LETTERS.sub("", text)
    if not letters:
        return Detection("und", 0.0, "no letters")
    if letters.isascii():
        return _latin(text, priors)
    han = "".join(_HAN.findall(letters))
    kana_runs = _KANA.findall(letters)
    cjk_chars = len(han) + sum(map(len, kana_runs))
    others = _LATIN.sub("", _KANA.sub("", _HAN.sub("", letters)))
    if cjk_chars + len(others) and _is_english_around(_words(text), letters, cjk_chars + len(others)):
        return Detection("en", 0.95, "english sentence around a foreign word")
    if len(others) > cjk_chars and (len(others) > 1 or len(letters) == 1):
        return _other_script(text, others)
    if kana_runs:
        return _with_kana(letters, han, kana_runs)
    if han:
        return _han(han, priors)
    return _latin(text, priors)


def _words(text: str) -> list[str]:
    """Lower-case Latin words, brands and anything with a digit left out."""
    found = (word.lower().replace("’", "'") for word in _WORD.findall(text))
    return [word for word in found if word not in _BRANDS and not any(c.isdigit() for c in word)]


def _is_english_around(words: list[str], letters: str, foreign_chars: int) -> bool:
    """English grammar outweighs the rest: a Latin word weighs as two Han or kana characters, so does a particle."""
    grammar = len(_PARTICLE.findall(letters)) + len(_CHINESE_GRAMMAR.findall(letters))
    if not grammar and words and words[0] in _IMPERATIVES and letters[0].isascii():
        return True  # translate 領収書, please check 配送状況
    has_function_word = any(word in _FUNCTION_WORDS for word in words)
    return has_function_word and len(words) >= 2 and 2 * len(words) > foreign_chars + 2 * grammar


def _other_script(text: str, others: str) -> Detection:
    scripts = Counter(unicodedata.name(c, "UNKNOWN").partition(" ")[0] for c in others)
    script = scripts.most_common(1)[0][0]
    languages = _SCRIPTS.get(script)
    if languages is None:
        return Detection("und", 0.0, "a script this service does not know")
    if len(languages) > 1:
        # Vowel signs are marks, not letters, and langdetect knows them.
        tag, probability = other_languages.detect(
            "".join(c if unicodedata.category(c)[0] in "LM" else " " for c in text)
        )
        if tag == "uk" and not _UKRAINIAN.search(others):
            tag = "ru"  # langdetect takes short Russian for Ukrainian, which hardly writes a line without these letters
        if tag in languages and probability >= 0.8:
            return Detection(tag, 0.95, f"{script.lower()} script; langdetect")
    return Detection(languages[0], 0.99 if len(languages) == 1 else 0.8, f"{script.lower()} script")


def _with_kana(letters: str, han: str, kana_runs: list[str]) -> Detection:
    """Japanese, unless Chinese characters outnumber the kana words and no kana is grammar: 请问ポケモンカード能退吗."""
    chinese = sum(c in language_data().characters["chinese"] for c in han)
    kana_words = sum(run != "の" for run in kana_runs)  # の alone decorates Chinese shop signs
    is_grammar = _JAPANESE_GRAMMAR.search(letters) is not None
    if chinese > kana_words and not is_grammar:
        return Detection("zh", 0.9, "chinese-only characters around a few kana", _variant(han))
    if is_grammar:
        return Detection("ja", 0.99, "kana")
    return Detection("ja", 0.99 if len("".join(kana_runs)) > 1 and not chinese else UNPROVEN, "kana")


def _han(han: str, priors: Priors) -> Detection:
    data = language_data()
    counts = {name: sum(c in members for c in han) for name, members in data.characters.items()}
    if counts["japanese"] and not counts["chinese"]:
        return Detection("ja", 0.98, "japanese-only characters")
    if counts["chinese"] and not counts["japanese"]:
        kind = {"zh-Hans": "simplified", "zh-Hant": "traditional", None: "chinese"}[_variant(han)]
        return Detection("zh", 0.98, f"{kind}-only characters", _variant(han))
    read = han[:CLASSIFIED_CHARS]
    own = data.scores["han"].logit(read) + CHARACTER_LOGIT * (counts["japanese"] - counts["chinese"])
    spelled = {tag: words.spells(read) for tag, words in data.words.items()}
    own += WORDS_LOGIT * (spelled["ja"] - spelled["zh"])
    logit = own + PREFERENCE_LOGIT * priors.preference()
    lean = "ja" if logit >= 0 else "zh"
    confidence = _probability(abs(logit))
    # 商品配送 is good Japanese and good Chinese, whatever its n-grams resemble more; and customers of a Japanese shop
    # type the noun its pages show (返品), whatever they speak
    is_shared = spelled["ja"] and spelled["zh"]
    if is_shared or confidence < DECISIVE or (lean == "ja" and len(han) <= 2):
        unasked = lean if abs(own) >= 1 and not is_shared else HOUSE_LANGUAGE
        prior = priors.of_han(han) or unasked
        variant = _variant(han) if prior == "zh" else None
        return Detection(prior, AMBIGUOUS if prior == lean else 0.5, f"ambiguous Han text; prior {prior}", variant)
    if lean == "ja":  # Chinese customers copy Japanese nouns from the page, but nobody copies Chinese ones from it
        return Detection("ja", min(confidence, NOUN_OF_THE_PAGE), "Han characters as Japanese joins them")
    is_proven = len(han) >= LONG_ENOUGH_CHARS or (spelled["zh"] and read not in data.seldom_japanese)
    ceiling = 1.0 if is_proven else UNPROVEN
    return Detection("zh", min(confidence, ceiling), "Han characters as Chinese joins them", _variant(han))


def _probability(logit: float) -> float:
    return round(min(0.99, 1 / (1 + math.exp(-min(logit, 30.0)))), 3)


def _variant(han: str) -> str | None:
    characters = language_data().characters
    simplified, traditional = (sum(c in characters[shape] for c in han) for shape in ("simplified", "traditional"))
    if simplified == traditional:
        return None
    return "zh-Hans" if simplified > traditional else "zh-Hant"


def _latin(text: str, priors: Priors) -> Detection:
    words = _words(text)
    if not words or _is_name(text, words):
        if not words and all(any(c.isdigit() for c in word) for word in _WORD.findall(text)):
            return Detection("und", 0.0, "only numbers and codes")
        prior = priors.of_name()
        return Detection(prior, 0.5, f"only names; prior {prior}")
    known = sum(word in language_data().english or word in _FUNCTION_WORDS for word in words) / len(words)
    shouted = text.isupper() and len(words) == 1 and len(words[0]) <= LONGEST_ABBREVIATION
    if known < 1 and not shouted and (written := _romanised(words, known)):
        return written
    if known >= 0.5:
        # gift is German and chat is French too
        confidence = UNPROVEN if len(words) == 1 else 0.99 if known == 1 else 0.95 if known >= 0.75 else 0.85
        return Detection("en", confidence, "english words")
    if sum(word in _ENGLISH_ALONE for word in words) >= 2:
        return Detection("en", UNPROVEN, "english grammar")  # among words with typing errors
    line = " ".join(_LATIN.findall(text))  # with its capitals: they tell German
    if len(line) >= 6 and (len(words) > 1 or not line.isascii()):
        tag, probability = other_languages.detect(line)
        is_plausible = not line.isascii() or tag not in _MISTAKEN_FOR
        if is_plausible and probability >= (0.7 if known == 0 and len(words) > 1 else 0.9):
            ceiling = 0.95 if len(words) > LONG_ENOUGH_WORDS and not line.isascii() else UNPROVEN
            return Detection(tag, round(ceiling * probability, 3), "latin script; langdetect")
    return Detection("en", 0.55, "latin script; english unless shown otherwise")


def _is_name(text: str, words: list[str]) -> bool:
    """One capitalised word beside a brand or a model number, as in Fire TV and Galaxy S24: a name in every language."""
    found = _WORD.findall(text)
    return len(words) == 1 < len(found) and all(word[0].isupper() or word[0].isdigit() for word in found)


def _romanised(words: list[str], known: float) -> Detection | None:
    """Romaji or pinyin: two words in three are made of its syllables, and the n-grams look it."""
    line = unicodedata.normalize("NFD", " ".join(words))
    plain = "".join(c for c in line if not unicodedata.combining(c)).split()  # nǐ hǎo → ni hao, ryōkin → ryokin
    line = " ".join(plain)[:CLASSIFIED_CHARS]
    best = (ROMANISED_LOGIT + 4 * known, "", "")  # "shipping to Toronto" has the syllables too
    for table, syllables, language in ((ROMAJI, _ROMAJI, "ja"), ("pinyin", _PINYIN, "zh")):
        if 3 * sum(syllables.fullmatch(word) is not None for word in plain) >= 2 * len(plain):
            best = max(best, (language_data().scores[table].logit(line), table, language))
    logit, table, language = best
    ceiling = 0.97 if len(plain) > LONG_ENOUGH_WORDS or len(line) > LONGEST_SURPRISE else UNPROVEN
    return Detection(language, min(ceiling, _probability(logit)), table) if language else None
