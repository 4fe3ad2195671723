"""A long message → the part of it that asks. Short questions stay as they are.

People tell their story before they ask, and the story's words, averaged, look for something else. What is searched for
is the sentences that ask, each with the one before it, which says what "it" is.
"""

import re

_LONG_CHARS = {"wide": 70, "latin": 160}  # below that a message is its own question
_WIDE = re.compile("[\u3041-\u30ff\u3400-\u9fff]")
_BETWEEN_SENTENCES = re.compile(r"(?<=[。！？!?\n])(?![。！？!?\n])|(?<=\.)(?=\s)")
_MARKED = re.compile("[?？]\\s*$")
_ASKS = re.compile(
    r"ですか|ますか|でしょうか|ませんか|のか|かな|教えて|知りたい|どうすれば|どうしたら"
    r"|吗|呢|怎么|如何|怎样|什么|哪里|哪个|能不能|可不可以|嗎|怎麼|什麼|哪裡"
    r"|\b(?:how|what|where|when|which|who|should i|can i|could i|do i|is there|are there)\b",
    re.IGNORECASE,
)
_MOST = 2  # sentences that ask, the last ones


def focus(message: str) -> str:
    """The asking sentences of a long message with their context; the message itself when short, or nothing asks."""
    limit = _LONG_CHARS["wide" if 4 * len(_WIDE.findall(message)) > len(message) else "latin"]
    if len(message) < limit:
        return message
    sentences = [found for found in _BETWEEN_SENTENCES.split(message) if found.strip()]
    asking = [place for place, text in enumerate(sentences) if _MARKED.search(text)]
    asking = asking or [place for place, text in enumerate(sentences) if _ASKS.search(text)]
    if not asking:
        return message
    kept = sorted({near for place in asking[-_MOST:] for near in (place - 1, place) if near >= 0})
    return "".join(sentences[place] for place in kept).strip()
