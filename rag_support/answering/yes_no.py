"""The yes or no with which a FAQ's answer begins belongs to the FAQ's question; said to another one it misleads.

「はい、退会は電話でできます」 answers 「電話で退会できますか？」. To a question about passwords by phone the same
sentence without its first word tells what is true and no more.
"""

import re

_YES_NO = re.compile(
    r"^(?:(?:はい|いいえ|ええ)[、，。]|(?:yes|no)[,.;:] |"
    r"(?:是的|是|可以|不可以|能|不能|会|不会|會|不會|对|對|不)[，。,])\s*",
    re.IGNORECASE,
)


def without_yes_no(text: str) -> str:
    """The rest of a statement, beginning as a sentence does."""
    match = _YES_NO.match(text)
    if match is None:
        return text
    rest = text[match.end() :]
    return rest[:1].capitalize() + rest[1:]
