"""A question in the light of the earlier ones of its conversation.

"And at night?", 「それは無料？」 and "中文呢？" say half of what they ask; the other half is the last question that
stood by itself. A question that leans on it is searched for and answered together with it; one that only names a
language asks for the same again in that language. What is new in it counts twice when passages are looked for: who got
a strange mail and then says "I clicked it" is past the advice not to. Left out on purpose: answers of earlier turns,
which hold other subjects too.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag_support.retrieval.tokens import query_terms

MAX_TURNS = 10  # the earliest are not looked at

# Latin words of content, and Han and katakana characters, of a question that names next to nothing
_FEW_WORDS, _FEW_CHARS = 1, 3
# and of one that may still hang on what it points back to
_SOME_WORDS, _SOME_CHARS = 3, 6
_LANGUAGES = {
    "en": "english|英語|英语|英文|えいご",
    "ja": "japanese|日本語|日语|日文|日語|にほんご",
    "zh": "chinese|mandarin|中国語|中文|汉语|漢語|中国话|中國話|简体中文|繁體中文|ちゅうごくご",
}
_NAME = "|".join(f"(?P<{tag}>{names})" for tag, names in _LANGUAGES.items())
_LANGUAGE_REQUEST = re.compile(  # possessive, so that a hostile text takes no longer than another
    r"(?:and|what about|how about|please|can you|could you|say (?:it|that)|answer|in"
    r"|请|請|麻烦|那|用|能|可以|では|じゃあ?|\s)*+"
    rf"(?:{_NAME})"
    r"(?:please|version|ですか|でも|で|だと|は|を|の|答え|回答|说明|說明|怎么说|怎麼說|说|說|教えて|お願い|ください|下さい|します|"
    r"言って|説明して|して|どう|なら|吗|嗎|呢|吧|一下|一遍|再|版|\s)*+",
    re.IGNORECASE,
)
_PUNCTUATION = re.compile(r"[\s?？!！。、,，.…~〜]+")
_BEGINS_IN_THE_MIDDLE = re.compile(
    r"^(?:and|but|or|also|then|so|what about|how about|what if|which one|why not|really|how come)\b"
    r"|^(?:それ|その|これ|この|あれ|あの|そこ|では|じゃ|なら|だったら|ちなみに|あと|また|でも)"
    r"|^(?:那|这|這|它|其|还有|還有|另外|要是|但)|呢[?？]?$",
    re.IGNORECASE,
)
_POINTS_BACK = re.compile(
    r"\b(?:it|its|that|this|they|them|those|these|there|one|ones|same)\b|それ|その場合|これ|そちら|它|这个|這個|那个|那個|这样|這樣",
    re.IGNORECASE,
)
_ASKING = re.compile("多少|什么|什麼|怎么|怎麼|[几幾哪何要]")  # names nothing: 要多少天 is a day, as 何日 is
_CONTENT = re.compile("[\u30a1-\u30fa\u30fc\u3400-\u9fff々]")


@dataclass(frozen=True, slots=True)
class Resolved:
    """What is really asked."""

    question: str  # with what it leans on before it
    searched: str  # the same, what is new in it twice
    language: str | None = None  # of the answer, where the question asks for nothing but a language


def resolve(question: str, earlier: Sequence[str]) -> Resolved:
    """The question made whole by the earlier ones, the last of which came just before; all are cleaned."""
    earlier = earlier[-MAX_TURNS:]
    if not earlier:
        return Resolved(question, question)
    topic = next((asked for asked in reversed(earlier) if not _leans(asked)), earlier[0])
    if language := _language_asked_for(question):
        return Resolved(topic, topic, language)
    if _leans(question):
        return Resolved(f"{topic} {question}", f"{topic} {question} {question}")
    return Resolved(question, question)


def _leans(question: str) -> bool:
    """Whether a question needs another to be understood: it points back, or names next to nothing itself."""
    if _language_asked_for(question) or _BEGINS_IN_THE_MIDDLE.search(question):
        return True
    words = sum(term.isascii() and not term.isdigit() for term in query_terms(question))
    chars = len(_CONTENT.findall(_ASKING.sub("", question)))
    if words <= _FEW_WORDS and chars <= _FEW_CHARS:
        return True
    return words <= _SOME_WORDS and chars <= _SOME_CHARS and _POINTS_BACK.search(question) is not None


def _language_asked_for(question: str) -> str | None:
    found = _LANGUAGE_REQUEST.fullmatch(_PUNCTUATION.sub(" ", question).strip())
    return next((tag for tag in _LANGUAGES if found and found[tag]), None)
