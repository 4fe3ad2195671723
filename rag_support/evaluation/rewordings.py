"""A true sentence → the same in other words, lightly: a value written otherwise, a phrase before it, as models do.

What a sentence quotes in 「」 stays as it stands on the customer's screen.
"""

import random
import re
from collections.abc import Callable, Mapping
from functools import partial

_HAN = "〇一二三四五六七八九"
_PREFIXES: Mapping[str, tuple[str, ...]] = {
    "ja": ("ガイドによると、", "はい、", "なお、", "ご案内します。"),
    "en": ("According to the guide, ", "Yes, ", "Please note that ", "In short, "),
    "zh": ("根据指南，", "您好，", "另外，", "据说明，"),
    "zh-Hant": ("根據指南，", "您好，", "另外，", "據說明，"),
}
_HOURS: Mapping[str, tuple[str, str, str]] = {
    "ja": ("午前{}時", "午後{}時", "24時"),
    "zh": ("早上{}点", "下午{}点", "24点"),
    "zh-Hant": ("早上{}點", "下午{}點", "24點"),
}
_PER_CENT = {"ja": "パーセント", "en": " percent", "zh": " %", "zh-Hant": " %"}


def prefixed(text: str, language: str, rng: random.Random) -> str:
    prefix = rng.choice(_PREFIXES[language])
    lowered = text[:1].lower() + text[1:] if language == "en" and text[1:2].islower() else text
    return prefix + lowered


def values_otherwise(text: str, language: str, rng: random.Random) -> str | None:
    """The text with its values in another way of writing, or None where it has none that is known here."""
    ways: list[Callable[[str], str]] = [_telephone, partial(re.sub, r"(?<=\d)[%％]", _PER_CENT[language])]
    if language == "en":
        ways += [_en_number, partial(_on_the_hour, "{} a.m.", "{} p.m.", "midnight")]
    else:
        ways += [_full_width, _han_number, partial(_on_the_hour, *_HOURS[language])]
    made = [changed for way in ways if (changed := _outside_quotes(text, way)) != text]
    return rng.choice(made) if made else None


def _outside_quotes(text: str, way: Callable[[str], str]) -> str:
    return "".join(part if part.startswith("「") else way(part) for part in re.split("(「[^「」]*」)", text))


def _telephone(text: str) -> str:
    return re.sub(r"(?<![\d-])0(\d{1,3}-\d{3,4}-\d{3,4})(?!\d)", r"+81-\1", text)


def _full_width(text: str) -> str:
    return re.sub(r"\d", lambda match: chr(ord("０") + int(match[0])), text)


def _on_the_hour(morning: str, afternoon: str, end: str, text: str) -> str:
    def written(match: re.Match[str]) -> str:
        hour = int(match[1])
        if hour in (0, 12, 24):
            return end if hour == 24 else match[0]
        return morning.format(hour) if hour < 12 else afternoon.format(hour - 12)

    return re.sub(r"(?<!\d)(\d{1,2}):00(?!\d)", written, text)


def _han_number(text: str) -> str:
    """24時間 → 二十四時間; only before units, where a numeral in Chinese characters is read as one."""
    return re.sub(r"(?<![\d.,:~〜–-])([1-9]\d)(?=時間|小时|小時|%)", lambda match: _han(int(match[1])), text)


def _han(number: int) -> str:
    tens, ones = divmod(number, 10)
    return ("" if tens == 1 else _HAN[tens]) + "十" + (_HAN[ones] if ones else "")


def _en_number(text: str) -> str:
    return text.replace("24 hours", "twenty-four hours").replace("24-hour", "twenty-four-hour")
