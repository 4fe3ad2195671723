"""Text → lexical terms, the same for a question and for the passages.

Latin words are stemmed (Porter2); numbers, times, telephone numbers, domains and addresses stay whole. Han and kana
have no spaces between words, so runs of them give character bigrams, and single characters too on the passage side.
Han characters are folded to one form (Japanese 話 and Traditional 話 → 话), so that a Chinese question can meet the
words it shares with a Japanese passage.
"""

import re
import unicodedata
from functools import cache, lru_cache
from operator import add

_TERM = re.compile(
    # e-mail addresses and domains; the lengths are those of RFC 5321 and 1035, and keep the search linear
    r"(?P<value>(?:[a-z0-9._%+-]{0,64}+@)?(?:[a-z0-9-]{1,63}+\.(?=[a-z0-9-])){1,8}[a-z]{2,63}"
    r"|\d+(?:[.,:/-]\d+)*)"  # numbers, times, dates, telephone numbers
    r"|(?P<latin>[a-z\u00c0-\u024f]+)"
    r"|(?P<cjk>[\u3041-\u3096\u30a1-\u30fa\u30fc\u3400-\u9fff\uf900-\ufaff々〆\U00020000-\U0003ffff]+)"
    r"|(?P<other>[^\W\d_]+)"
)
# Words that carry grammar and no subject; a question made of nothing else matches nothing.
_STOP_WORDS = frozenset(
    "a an and are as at be been but by can could did do does for from had has have how i if in into is it its me my of "
    "on or our please shall should so than that the their them then there these they this those to us was we were "
    "what when where which who why will with would you your am".split()
)


@cache
def _han_folding() -> dict[int, str]:
    """Code point → folded character, for the Han characters whose Simplified form differs (OpenCC jp2t, then t2s)."""
    from opencc import OpenCC

    han = [chr(code) for code in range(0x3400, 0xA000)]
    folded = OpenCC("t2s").convert(OpenCC("jp2t").convert("\n".join(han))).split("\n")
    return {ord(a): b for a, b in zip(han, folded, strict=True) if a != b and len(b) == 1}


@cache
def _stemmer():  # type: ignore[no-untyped-def]  # the library has no types
    import Stemmer

    return Stemmer.Stemmer("english")


@lru_cache(maxsize=50_000)
def _stem(word: str) -> str:
    return str(_stemmer().stemWord(word))


_HAN_OR_KANA = "\u3041-\u3096\u30a1-\u30fa\u30fc\u3400-\u9fff々〆"
_SPACE_INSIDE = re.compile(f"(?<=[{_HAN_OR_KANA}]) +(?=[{_HAN_OR_KANA}])")


# How a question is put, not what it asks: 「…を教えてください」, "could you tell me …", 请问…
_REQUEST = re.compile(
    r"(?:(?:を|について|に関して|が)?(?:教えて|おしえて|知りたい|しりたい|聞きたい|ききたい)"
    r"(?:ほしい|欲しい|ください|下さい|もらえ|いただけ|頂け|くれ|いただき|もらい)?"
    r"(?:ます|ません|たい)?(?:んですが|のですが|です|でしょう)?(?:か|けど)?)"
    r"|すみませんが?|(?:よろしく)?お願い(?:いた)?します"
    r"|\b(?:(?:can|could|would) you )?(?:please )?(?:tell|explain to) (?:me|us)(?: about)?\b"
    r"|\bi(?: would|'d)? (?:like|want) to know(?: about)?\b|\bplease\b|\bexcuse me\b"
    r"|请问(?:一下)?|請問(?:一下)?|(?:请|麻烦|請|麻煩)?告[诉訴](?:我|一下)+|(?:我)?想(?:知道|了解|問|问)(?:一下)?",
    re.IGNORECASE,
)


def search_text(question: str) -> str:
    """What is searched for: the question less its polite frame, and less the spaces inside Japanese and Chinese.

    A question that is nothing but frame stays as it is.
    """
    asked = " ".join(_REQUEST.sub(" ", question).split())
    return _SPACE_INSIDE.sub("", asked if any(map(str.isalnum, asked)) else question)


def fold(text: str) -> str:
    """NFKC, lower case, one form for each Han character; the length may change."""
    return unicodedata.normalize("NFKC", text).lower().translate(_han_folding())


def passage_terms(text: str) -> list[str]:
    """The terms a passage is indexed under, with repeats."""
    return _terms(text, with_single_characters=True)


def query_terms(text: str) -> list[str]:
    """The terms of a question, with repeats; single characters only where a run has no bigram."""
    return _terms(text, with_single_characters=False)


def is_grammar(term: str) -> bool:
    """Whether a term is all hiragana, as endings and particles are (です, すか); few words of content are."""
    return all("\u3041" <= character <= "\u309f" for character in term)


def _terms(text: str, with_single_characters: bool) -> list[str]:
    terms: list[str] = []
    for match in _TERM.finditer(fold(text)):
        term = match.group()
        if match["value"]:
            terms.append(term.removeprefix("@"))  # a mail domain is named with or without it
        elif match["latin"]:
            if term not in _STOP_WORDS:
                terms.append(_stem(term))
        elif match["cjk"]:
            terms.extend(map(add, term, term[1:]))
            if with_single_characters or len(term) == 1:
                terms.extend(term)
        else:
            terms.append(term)
    return terms
