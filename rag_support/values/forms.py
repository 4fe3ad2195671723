"""Clock times, dates, telephone numbers, domains, URLs and e-mail addresses → their forms, as values.Value has them.

Each reader takes a match in a folded text and gives the forms it stands for, or none where it is something else after
all (3.5, "a.m.", 99:30), and then a later reader may see it. Numbers are in values.py.
"""

import re
from collections.abc import Callable
from typing import Literal

from rag_support.values.spellings import DAYPARTS, MONTHS

FormKind = Literal["time", "date", "telephone", "domain", "url", "email"]
TO = r"\s?(?:~|-|から|到|至|to|until)\s?"

# ---- clock times ---------------------------------------------------------------------------------------------------

_DAYPART = "|".join(sorted((word for word in DAYPARTS if not word.isascii()), key=len, reverse=True))
_AFTER = r"[ap]\.?m\b\.?|(?:in the (?:morning|afternoon|evening)|at night)\b"
_HOUR = r"(?<!\d)(?<!\d[.:])\d{1,2}(?!\d)"
_CLOCK = (
    rf"{_HOUR}(?::\d\d(?!\d)(?::\d\d(?!\d))?|\.\d\d(?=\s?[ap]\.?m\b)| o'clock\b|[時时](?!間|间)(?:\d{{1,2}}分|半)?|"
    r"[点點](?:\d{1,2}分|\d\d(?![\d%个個])|半|[钟鐘整])?)"
)


def _with_daypart(clock: str, end: str = "") -> str:
    """A clock time with words such as 午後 before it and p.m. after it; the groups' names end as wanted."""
    before = rf"(?:(?P<before{end}>(?:{_DAYPART})|(?<![a-z\d.])(?<!\d )[ap]\.?m\.?)の?\s?)?"
    return rf"{before}(?P<clock{end}>{clock})(?:\s?(?P<after{end}>{_AFTER}))?"


_SURE_CLOCK = rf"{_CLOCK}|{_HOUR}(?=\s?(?:{_AFTER}))"
_ONE_TIME = _with_daypart(_SURE_CLOCK) + r"(?P<sign>(?=\s?[之以][前后後]))?"
_TWO_TIMES = (
    rf"(?P<between>\bbetween )?{_with_daypart(f'{_CLOCK}|{_HOUR}')}"
    rf"(?(between)(?:{TO}|\s?and\s?)|{TO}){_with_daypart(_SURE_CLOCK, '2')}"
)
_TIME_PAST = rf"\b(?P<part>half|quarter) (?P<way>past|to) (?P<hour>\d{{1,2}})\b(?:\s?(?P<after>{_AFTER}))?"
_MERIDIEM_FIRST = rf"(?P<before>(?<![a-z\d])(?:p\.?m\.?|a\.m\.|am(?=\d)))\s?(?P<clock>{_HOUR})(?P<after>)(?P<sign>)"


def _time_span(match: re.Match[str]) -> list[str]:
    """Both ends: in 9〜17時 the 9 is a time, in 午後1時〜5時 the 5 is of the afternoon, and in 2-3 p.m. the 2."""
    start, end = (int(re.findall(r"\d+", match[clock])[0]) for clock in ("clock", "clock2"))
    daypart, other = _daypart(match["before"] or match["after"]), _daypart(match["before2"] or match["after2"])
    if daypart and not other and end <= 12:
        if start % 12 < end % 12:
            other = daypart
        elif end == 12 and DAYPARTS[daypart][0] <= 12:
            other = "夜"  # 午後6時〜12時 ends at midnight
    elif match["after2"] and not daypart and start % 12 < end % 12 and start <= 12:
        daypart = other
    ends = _time(match["clock"], daypart) + _time(match["clock2"], other)
    return ends if len(ends) == 2 else []


def _one_time(match: re.Match[str]) -> list[str]:
    daypart = _daypart(match["before"] or match["after"])
    # 3点 alone is three points in Japanese
    sure = match["clock"][-1] not in "点點" or daypart or match["sign"] is not None
    return _time(match["clock"], daypart) if sure else []


def _time(clock: str, daypart: str | None) -> list[str]:
    """One time of day, or none: 99:30 is a score. 25:00 is 1:00 of the next day."""
    hour, minute, *_ = (*map(int, re.findall(r"\d+", clock)), 30 if "半" in clock else 0)
    if hour > 29 or minute > 59:
        return []
    first, last, twelve = DAYPARTS.get(daypart or "", (13, 12, 12))
    hour = twelve if hour == 12 else hour + 12 * (first <= hour <= last)
    return [f"{hour % 24}:{minute:02d}"]


def _daypart(written: str | None) -> str | None:
    """p.m. → pm, in the afternoon → afternoon."""
    return written.replace(".", "").split()[-1] if written else None


def _time_past(match: re.Match[str]) -> list[str]:
    hour = (int(match["hour"]) - (match["way"] == "to")) % 24
    minute = {"half past": 30, "quarter past": 15, "quarter to": 45}[f"{match['part']} {match['way']}"]
    return _time(f"{hour}:{minute}", _daypart(match["after"]))


# ---- dates ---------------------------------------------------------------------------------------------------------

_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_FULL_MONTH = "|".join(month for month in MONTHS if len(month) > 5 or month in ("april", "june", "july"))
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?(?![\d:])"
_YEAR = r"(?P<year>\d{4})(?!\d)"
_DATES = (
    rf"(?<!\d){_YEAR}[年/.-]\s?(?P<month>\d{{1,2}})[月/.-]\s?(?P<day>\d{{1,2}})(?!\d)(?:[日号號](?:{TO}(?P<last>\d{{1,2}})[日号號])?)?",
    rf"(?<!\d){_YEAR}年\s?(?P<month>\d{{1,2}})月",
    rf"(?<!\d)(?P<month>\d{{1,2}})月\s?(?P<day>\d{{1,2}})[日号號](?:{TO}(?P<last>\d{{1,2}})[日号號])?",
    r"(?<!\d)(?P<month>\d{1,2})月(?![間间曜])",
    rf"\b(?P<month>{_MONTH})\b\.? {_DAY}(?:[~-](?P<last>\d{{1,2}})(?![\d:]))?(?:,? {_YEAR})?",
    rf"\b{_DAY} (?:of )?(?P<month>{_MONTH})\b\.?,? {_YEAR}",
    # "iPhone 15 may be returned" has no date
    rf"\b{_DAY} (?:of )?(?P<month>{_MONTH})\b(?<!may(?= (?!(?:at|and|to|until|or|for|by)\b)[a-z]))",
    rf"\b(?P<month>{_MONTH})\b\.?,? {_YEAR}",
    rf"\b(?:in|since|until|till|from|by|of|early|late|during|last|next|through) (?P<month>{_MONTH})\b",
    rf"\b(?P<month>{_FULL_MONTH})\b",
)


def _date(match: re.Match[str]) -> list[str]:
    parts = match.groupdict()
    month = MONTHS.get(parts["month"]) or int(parts["month"])
    days = [int(day) for day in (parts.get("day"), parts.get("last")) if day]
    if not 1 <= month <= 12 or not all(1 <= day <= 31 for day in days):
        return []
    head = f"{parts['year']}-{month:02d}" if parts.get("year") else f"{month:02d}"
    return [f"{head}-{day:02d}" for day in days] or [head]


def date_parts(text: str) -> tuple[str | None, ...]:
    """Year, month and day of a date's form; None for what it does not say."""
    match = re.fullmatch(r"(?:(\d{4})-)?(\d\d)(?:-(\d\d))?", text)
    return match.groups() if match else (None, None, None)


# ---- telephone numbers and addresses -------------------------------------------------------------------------------

_GAP = "[ ~.・()-]{1,3}"
_TELEPHONE = (
    r"(?<!\d)(?<!\d[.~-])(?:"
    rf"\(?(?:\+|00)81\)?(?:{_GAP})?(?:0\)?(?:{_GAP})?)?[1-9]\d{{0,3}}(?:{_GAP})?\d{{1,4}}(?:{_GAP})?\d{{3,4}}|"
    rf"\+[1-9]\d{{0,2}}(?:(?:{_GAP})?\d{{2,4}}){{2,4}}|"
    rf"(?=(?:[ ~.・()-]{{0,3}}\d){{9}})\(?0\d{{1,4}}{_GAP}\d{{1,4}}{_GAP}\d{{3,4}}|"
    r"0\d{2,3}[~-]\d{7,8}|0\d{9,10}|1[3-9]\d{9}|[48]00[ ~-]?\d{3,4}[ ~-]?\d{3,4}|"
    r"(?:1[ ~-])?\(?[1-9]\d{2}\)?[ ~.-]{1,2}\d{3,4}[~.-]\d{4})(?!\d)(?!-\d)(?![件人個个円元])"
)
# Letters and accents of all alphabets but the East Asian scripts, which stand around an address without a space: for
# amazоn.co.jp with a Cyrillic о is another domain.
_LETTER = "a-z\u00df-\u1fff\u2c60-\u2dff\ua640-\uabff"
_HOST = rf"[{_LETTER}0-9-]++(?:\.[{_LETTER}0-9-]++)++"
_HOST_START = rf"(?<![{_LETTER}0-9-])(?<![{_LETTER}0-9]\.)"
_PATH = rf"(?:[{_LETTER}0-9._%/?#&=+:@!*$,;-]|(?<=/)~)*+"  # elsewhere "~" is a dash after the address


def _telephone(match: re.Match[str]) -> list[str]:
    digits = re.sub(r"\D", "", re.sub(r"^\(?(?:\+|00)81\D*0?", "0", match[0]))
    return [digits]


def _url(match: re.Match[str]) -> list[str]:
    url = match["url"].rstrip(".,;:!?*/").removeprefix("www.")
    path = url.partition("/")[2]
    # "amazon.co.jp/amazon.com" is two domains
    sure = match["scheme"] or (_is_domain(host_of(url)) and not _is_domain(path.lstrip("@")))
    return [url] if sure and url != host_of(url) else []


def _email(match: re.Match[str]) -> list[str]:
    local, host = match["local"].strip(".-"), _without_end(match["host"])
    return [f"{local}@{host}"] if local and _is_domain(host) else []


def _domain(match: re.Match[str]) -> list[str]:
    host = _without_end(match["host"]).removeprefix("www.")
    return [host] if _is_domain(host) else []


def host_of(address: str) -> str:
    """Of a URL or an e-mail address; what stands before an @ is no host, however much it looks like one."""
    return re.split(r"[/?#]", address)[0].rpartition("@")[2].split(":")[0].removeprefix("www.")


def _without_end(host: str) -> str:
    """Without hyphens around and words tied to the end, as in amazon.com-based."""
    names, _, last = host.strip("-").rpartition(".")
    return f"{names}.{last.split('-')[0]}"


def _is_domain(host: str) -> bool:
    """Any top-level domain will do, for a wrong one must not pass unseen; but 3.5, v2.1 and a.m. are none."""
    *names, last = host.split(".")
    if len(names) > 1 and max(map(len, names)) == 1:
        return False  # "a.m.to", where a space is missing
    all_letters = re.fullmatch(f"[{_LETTER}]+", last) is not None
    ends_well = len(last) > 1 and (all_letters or (len(names) > 1 and last[0].isalpha()))
    return ends_well and all(names) and re.search(f"[{_LETTER}]", "".join(names)) is not None


# ---- all together --------------------------------------------------------------------------------------------------

# Tried in this order. Addresses go first of all, before numbers in words become digits in them.
_ADDRESSES: tuple[tuple[FormKind, str, Callable[[re.Match[str]], list[str]]], ...] = (
    ("url", rf"(?P<scheme>https?://)(?P<url>[{_LETTER}0-9]{_PATH})", _url),
    ("email", rf"(?<![a-z0-9._%+-])(?P<local>[a-z0-9._%+-]{{1,64}}+)@(?P<host>{_HOST})", _email),
    ("url", rf"(?P<scheme>){_HOST_START}(?P<url>{_HOST}(?::\d{{1,5}})?/{_PATH})", _url),
    ("domain", rf"{_HOST_START}@?(?P<host>{_HOST})", _domain),
)
_OTHERS: tuple[tuple[FormKind, str, Callable[[re.Match[str]], list[str]]], ...] = (
    ("telephone", _TELEPHONE, _telephone),
    *(("date", pattern, _date) for pattern in _DATES),
    ("time", _TIME_PAST, _time_past),
    ("time", _TWO_TIMES, _time_span),
    ("time", _ONE_TIME, _one_time),
    ("time", _MERIDIEM_FIRST, _one_time),
    ("time", r"\b(?:12 )?(?:noon|midday)\b|正午", lambda _: ["12:00"]),
    ("time", rf"\b(?:12 )?midnight\b|(?:{_DAYPART})?零[点點时時](?![一-龥\d])|午夜(?!\d)", lambda _: ["0:00"]),
)
ADDRESSES, FORMS = (
    tuple((kind, re.compile(pattern, re.ASCII), read) for kind, pattern, read in forms)
    for forms in (_ADDRESSES, _OTHERS)
)
