"""A true sentence → the same with a value that is not so: what a language model slips in without anyone noticing.

Values are found here by their plain surface and not by the reader of values that is under test: a change that the
reader takes for no change would otherwise not be made. For the same reason a change counts as one unless the altered
text itself stands in the source.
"""

import random
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence

# tried in this order: what one kind takes, the next does not see
SURFACES: Mapping[str, re.Pattern[str]] = {
    "URL": re.compile(r"https?://[A-Za-z0-9./?=_-]+"),
    "e-mail": re.compile(r"[A-Za-z0-9._-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"),
    "domain": re.compile(r"(?:[a-z0-9-]+\.)+(?:co\.jp|com|jp)(?![a-z0-9-])"),
    "telephone": re.compile(r"(?<![\d-])0\d{1,4}-\d{1,4}-\d{3,4}(?![\d-])"),
    "date": re.compile(r"(?:\d{4}年)?\d{1,2}月\d{1,2}日"),
    "time": re.compile(r"(?<![\d:])\d{1,2}:\d{2}(?![\d:])"),
    "percentage": re.compile(r"(?<![\d.])\d+(?:\.\d+)?(?=\s?[%％])"),
    "price": re.compile(r"(?<![\d,.])\d[\d,]*(?=円)"),
    "number": re.compile(r"(?<![A-Za-z0-9.,:-])\d[\d,]*(?:\.\d+)?(?![A-Za-z0-9:.-])"),
}
_OTHER_UNITS: Mapping[str, Mapping[str, str]] = {
    "ja": {"時間": "日間", "日": "週間", "分": "時間", "円": "ドル", "か月": "年", "年間": "か月"},
    "en": {" hours": " days", " days": " weeks", " minutes": " hours", "-hour": "-day"},
    "zh": {"小时": "天", "天": "周", "分钟": "小时"},
    "zh-Hant": {"小時": "天", "天": "週", "分鐘": "小時"},
}
_EVENING: Mapping[str, Callable[[str], str]] = {
    "ja": lambda time: f"午後{time}",
    "en": lambda time: f"{time} p.m.",
    "zh": lambda time: f"晚上{time}",
    "zh-Hant": lambda time: f"晚上{time}",
}
# letters that look like Latin ones, and letters of the name itself that do
_LOOKALIKES = {"a": "а", "o": "о", "e": "е", "p": "р", "c": "с", "m": "rn", "l": "1", "n": "ո"}
# two ways of writing one thing: midnight, and every day
_THE_SAME = ({"0:00", "24:00"}, {"7", "365"})
_INVENTED: Mapping[str, Mapping[str, str]] = {
    "telephone": {"ja": "電話番号は{}です。", "en": "The phone number is {}.", "zh": "电话号码为{}。"},
    "e-mail": {"ja": "メールは{}へ送ってください。", "en": "Write to {}.", "zh": "请发邮件至{}。"},
    "URL": {"ja": "{}をご覧ください。", "en": "See {}.", "zh": "请查看{}。"},
    "domain": {"ja": "差出人のドメインは{}です。", "en": "The sender's domain is {}.", "zh": "发件人的域名为{}。"},
    "price": {"ja": "手数料は{}です。", "en": "The fee is {}.", "zh": "手续费为{}。"},
    "percentage": {"ja": "割合は{}です。", "en": "The share is {}.", "zh": "比例为{}。"},
    "time": {"ja": "受付は{}までです。", "en": "It closes at {}.", "zh": "受理至{}。"},
    "date": {"ja": "開始日は{}です。", "en": "It starts on {}.", "zh": "开始日期为{}。"},
    "number": {"ja": "対象は{}人です。", "en": "It covers {} people.", "zh": "对象为{}人。"},
}


def value_changes(
    text: str, language: str, source: str, values: Mapping[str, Sequence[str]], rng: random.Random
) -> Iterator[tuple[str, str]]:
    """(kind of change, changed text), of each kind at most one. `values` are those of the corpus, by kind."""
    plain = unicodedata.normalize("NFKC", source)
    found = list(surfaces(text))
    rng.shuffle(found)
    made: set[str] = set()
    for kind, match in found:
        changes = {f"{kind} altered": _altered(kind, match[0], rng)}
        if others := [value for value in values.get(kind, ()) if value != match[0]]:
            changes[f"{kind} swapped"] = rng.choice(others)
        if kind == "domain":
            changes["domain look-alike"] = _lookalike(match[0], rng)
        if kind == "time" and 4 <= int(match[0].partition(":")[0]) <= 11:
            changes["time of the evening"] = _EVENING[language](match[0])
        if unit := next((unit for unit in _OTHER_UNITS[language] if text.startswith(unit, match.end())), None):
            changes["unit changed"] = match[0] + _OTHER_UNITS[language][unit]
        for name, changed in changes.items():
            end = match.end() + (len(unit) if unit and name == "unit changed" else 0)
            if name not in made and {match[0], changed} not in _THE_SAME and not _stands(changed, plain):
                made.add(name)
                yield name, text[: match.start()] + changed + text[end:]


def invented_values(text: str, language: str, rng: random.Random) -> Iterator[tuple[str, str]]:
    """(kind, text with a sentence more), for every kind of value: nothing like it stands in the source."""
    made = {
        "telephone": f"0{rng.randint(3, 9)}0-{rng.randint(1000, 9999)}-{rng.randint(1000, 9999)}",
        "e-mail": f"support{rng.randint(10, 99)}@amazon-help.jp",
        "URL": f"https://www.amazon.co.jp/{rng.choice(('help', 'verify', 'login'))}/{rng.randint(100, 999)}",
        "domain": rng.choice(("amazon-support.jp", "amazon.co.jp.help-center.com", "amazon.net", "arnazon.co.jp")),
        "price": {"ja": "{}円", "en": "¥{}", "zh": "{}日元"}[language[:2]].format(f"1,{rng.randint(100, 999)}"),
        "percentage": f"{rng.randint(11, 49)}.{rng.randint(1, 9)}%",
        "time": f"{rng.randint(13, 22)}:{rng.choice(('15', '45'))}",
        "date": _invented_date(language, rng),
        "number": f"{rng.randint(31, 79)}",
    }
    for kind, value in made.items():
        sentence = _INVENTED[kind][language[:2]].format(value)
        yield f"{kind} invented", f"{text} {sentence}" if language == "en" else text + sentence


def surfaces(text: str) -> Iterator[tuple[str, re.Match[str]]]:
    """(kind, match) of every value that is written in digits or letters."""
    rest = text
    for kind, pattern in SURFACES.items():
        for match in list(pattern.finditer(rest)):
            rest = rest[: match.start()] + "\0" * len(match[0]) + rest[match.end() :]
            yield kind, match


def _altered(kind: str, surface: str, rng: random.Random) -> str:
    if kind in ("domain", "URL", "e-mail"):
        name, dot, rest = surface.rpartition("@")[2].removeprefix("www.").partition(".")
        changed = (f"{name}-{rng.choice(('help', 'jp', 'support'))}{dot}{rest}", f"{name}{dot}{_other_end(rest)}")
        return surface.replace(f"{name}{dot}{rest}", rng.choice(changed))
    if kind == "time":
        hour, minute = surface.split(":")
        if rng.random() < 0.5:
            return f"{hour}:{rng.choice([other for other in ('10', '15', '30', '45') if other != minute])}"
        return f"{rng.choice([other for other in range(1, 24) if other != int(hour)])}:{minute}"
    places = [place for place, character in enumerate(surface) if character.isdigit()]
    if kind == "telephone":
        places = places[1:]  # a number begins with 0
    place = rng.choice(places)
    digits = [digit for digit in "123456789" if digit != surface[place]]
    return surface[:place] + rng.choice(digits) + surface[place + 1 :]


def _other_end(end: str) -> str:
    return {"co.jp": "com.co", "com": "co", "jp": "net"}.get(end, "net")


def _lookalike(domain: str, rng: random.Random) -> str:
    name = domain.partition(".")[0]
    place = rng.choice([place for place, letter in enumerate(name) if letter in _LOOKALIKES] or [0])
    return domain[:place] + _LOOKALIKES.get(domain[place], "х") + domain[place + 1 :]


def _invented_date(language: str, rng: random.Random) -> str:
    month, day = rng.randint(1, 12), rng.randint(11, 28)
    return f"2031-{month:02d}-{day}" if language == "en" else f"2031年{month}月{day}日"


def _stands(changed: str, source: str) -> bool:
    return re.search(rf"(?<![\d.:,]){re.escape(unicodedata.normalize('NFKC', changed))}(?!\d)", source) is not None
