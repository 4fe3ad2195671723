"""Numbers in words → the same text with digits: 五千六百万件 → 56000000件, twenty-four hours → 24 hours.

A word is a number only where it counts something, for the same characters make up other words: 十分 is enough, 万一
is in case, 六本木 a place. So a numeral in Chinese characters needs a counter after it, or a scale within it (二十四),
and a bare "one" or 一 needs a unit that nobody says loosely: 一時間 and one minute, but not 一日 or "one of them".
"""

import re
from decimal import Decimal, localcontext

from rag_support.values.spellings import DAYPARTS, ENGLISH_NUMBERS, ERAS, HAN_COUNTER, HAN_DIGITS, HAN_UNIT, SCALES


def in_digits(text: str, ones: bool = False) -> str:
    """A folded text with its numbers in words as digits; with `ones`, what may be a one or a first counts as well."""
    text = _HALF_A_SCALE.sub(r"0.5 \1", text)
    text = _ERA_YEAR.sub(_year, text)
    text = _HUNDREDTHS.sub(_percent, text)
    text = (_LOOSE_HAN_WORDS if ones else _HAN_WORDS).sub(lambda match: _han(match, ones), text)
    text = (_LOOSE_ARTICLE if ones else _ARTICLE).sub("1 ", text)
    text = _ENGLISH_WORDS.sub(lambda match: _english(match, ones), text)
    text = _AND_A_HALF.sub(r"\1.5", text)
    return _UNIT_AND_A_HALF.sub(r"\1.5 \2", text)


def amount(text: str) -> Decimal | None:
    """Digits and scales → the number: 5,600万, 五千六百万 and 56 million → 56000000; None for a bare 万 or a 二三十."""
    total = section = Decimal(0)
    digit: Decimal | None = None
    with localcontext(prec=2_000):
        for word in re.findall(r"\d[\d,]*(?:\.\d+)?|\.\d+|[a-z]+|\S", text):
            if word in "〇零":
                continue
            if word in HAN_DIGITS or word[-1].isdigit():
                if digit is not None:
                    return None
                digit = Decimal(HAN_DIGITS.get(word, word.replace(",", "")))
            elif (scale := SCALES.get(word, 0)) in range(1, 10_000) and not word.isascii():
                section += (1 if digit is None else digit) * scale
                digit = None
            elif scale:
                part = section + (digit or 0)
                if not part and not total and digit is None:
                    return None
                total = total + part * scale if part else total * scale
                section, digit = Decimal(0), None
        return total + section + (digit or 0)


# ---- Chinese and Japanese ------------------------------------------------------------------------------------------

_HAN = "".join(HAN_DIGITS) + "十百千万萬億亿"
_VAGUE = "数數几幾何"  # 数十人, 二十几个
_OTHER_WORDS = "屋音嵐路長"  # 八百屋, 五十音
_HAN_WORDS, _LOOSE_HAN_WORDS = (
    re.compile(
        rf"(?<![{_VAGUE}{_HAN}{ordinal}\d])(?P<words>[{_HAN}]++)(?![{_VAGUE}{_OTHER_WORDS}])"
        rf"(?=(?P<unit>{HAN_UNIT}|(?:[~至到-]|から)[{_HAN}\d]++(?:{HAN_UNIT}|{HAN_COUNTER}))|"
        rf"(?P<counter>{HAN_COUNTER})(?!目)|(?P<minutes>分(?![之のけか]))|)"
    )
    for ordinal in ("第", "")
)
# these need no counter
_SCALED_OR_A_YEAR = re.compile(
    "[二三四五六七八九两兩][十百千万萬億亿]|一[百千万萬億亿]|^[一二][〇零九][〇零一二三四五六七八九]{2}$"
)
_HUNDREDTHS = re.compile(rf"百分之(?P<words>[{_HAN}]++|\d+(?:\.\d+)?)(?:[点點](?P<decimals>[{_HAN}]++))?")
_ERA_YEAR = re.compile(rf"(?P<era>{'|'.join(ERAS)})(?P<year>元|\d{{1,3}}|[{_HAN}]{{1,3}})(?=年)")
_ENDS_IN_DAYPART = re.compile(rf"(?:{'|'.join(word for word in DAYPARTS if not word.isascii())})の?$")


def _han(match: re.Match[str], ones: bool) -> str:
    words = match["words"]
    number = _han_number(words)
    if number is None:
        return words
    before = match.string[max(match.start() - 6, 0) : match.start()]
    certain = (
        match["unit"]
        or (match["counter"] in ("日", "号", "號") and before.endswith("月"))
        or (match["counter"] in ("時", "时", "点", "點") and _ENDS_IN_DAYPART.search(before))
        or (match["minutes"] and (len(words) > 1 or before.endswith("割")))  # 十分 is enough, 十五分 are 15 minutes
        or _SCALED_OR_A_YEAR.search(words)
    )
    return number if certain or (match["counter"] and (ones or number not in ("0", "1"))) else words


def _han_number(words: str) -> str | None:
    """二十四 → 24, 二〇二四 → 2024, 二三 (two or three) → 2-3; None where amount() has none."""
    if len(words) == 1 or not set(words) <= set(HAN_DIGITS):
        number = amount(words)
        return None if number is None else f"{number:f}"
    digits = "".join(str(HAN_DIGITS[word]) for word in words)
    if len(digits) == 2 and int(digits[0]) + 1 == int(digits[1]):
        return "-".join(digits)
    return None if set(digits) == {"0"} or words == "三五" else digits


def _percent(match: re.Match[str]) -> str:
    number = match["words"] if match["words"][0].isdigit() else _han_number(match["words"])
    if number is None:
        return match[0]
    decimals = "".join(str(HAN_DIGITS.get(word, "")) for word in match["decimals"] or "")
    return f"{number}.{decimals}%" if decimals else f"{number}%"


def _year(match: re.Match[str]) -> str:
    year = 1 if match["year"] == "元" else amount(match["year"])
    return match[0] if year is None else f"{ERAS[match['era']] + year}"


# ---- English -------------------------------------------------------------------------------------------------------

_TENS = "|".join(word for word, number in ENGLISH_NUMBERS.items() if number >= 20)
_ONES = "|".join(word for word, number in ENGLISH_NUMBERS.items() if 0 < number < 10)
_OTHERS = "|".join(word for word, number in ENGLISH_NUMBERS.items() if 10 <= number < 20) + "|zero"
_BELOW_100 = rf"(?:(?:{_TENS})\b(?:[ ~-](?:{_ONES})\b)?|(?:{_OTHERS}|{_ONES})\b)"
_BELOW_1000 = rf"(?:(?:{_BELOW_100}|a(?= hundred))(?: hundred\b(?: (?:and )?{_BELOW_100}(?! hundred))?)?)"
_BIG = r"(?:thousand|million|billion)\b"
_TIME_UNIT = "(?:hour|minute|second|(?:business |working )?day|week|month|year)"
_ONE_UNIT = rf"{_TIME_UNIT}s?\b|per ?cent\b|%|yen\b|dollars?\b|[ap]\.?m\b|o'clock|(?:and[ -])?a[ -]half\b"
_ENGLISH_WORDS = re.compile(
    rf"(?<![a-z0-9_])(?P<words>(?:{_BELOW_1000}|a(?= {_BIG}))(?:[ -]{_BIG}(?: {_BELOW_1000}[ -]{_BIG})*"
    rf"(?: (?:and )?{_BELOW_1000}(?! {_BIG}))?)?)(?![ -](?:thirds?|quarters?|fifths?|tenths?)\b)"
    rf"(?=(?P<unit>[ -]?(?:{_ONE_UNIT}))?)",
    re.ASCII,
)
_HALF_A_SCALE = re.compile(r"\bhalf a (million|billion|thousand)\b", re.ASCII)
_ARTICLE = re.compile(
    rf"(?<=\bwithin )an? (?={_TIME_UNIT}\b)|(?<=\bup to )an? (?={_TIME_UNIT}\b)|\ban? (?={_TIME_UNIT} and a half\b)",
    re.ASCII,
)
_LOOSE_ARTICLE = re.compile(rf"\b(?<!half )an?[ -](?={_TIME_UNIT}\b)", re.ASCII)
_AND_A_HALF = re.compile(r"\b(\d++)[ -]and[ -]a[ -]half\b", re.ASCII)
_UNIT_AND_A_HALF = re.compile(rf"\b(\d++)[ -]({_TIME_UNIT}s?) and a half\b", re.ASCII)


def _english(match: re.Match[str], ones: bool) -> str:
    """twenty-four → 24, two hundred and five → 205, a thousand → 1000."""
    total = section = 0
    for word in re.findall("[a-z]+", match["words"]):
        if word == "a" or word in ENGLISH_NUMBERS:
            section += ENGLISH_NUMBERS.get(word, 1)
        elif word == "hundred":
            section *= 100
        elif word in SCALES:
            total += section * SCALES[word]
            section = 0
    if total + section <= 1 and not match["unit"] and not ones:
        return match["words"]
    return str(total + section)
