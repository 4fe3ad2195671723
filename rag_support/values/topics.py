"""What a value answers: a telephone number, hours, money, a duration …

One table for all who ask: which kind of value a question wants, which values of a statement need their caveat beside
them, and which values of two statements can disagree.
"""

from typing import Literal

from rag_support.values.reading import Value

Topic = Literal["telephone", "hours", "percentage", "domain", "money", "duration", "date", "count"]

# unit of a number → what it answers; of other units, and of none, a number is a count
_OF_UNIT: dict[str, Topic] = {
    **dict.fromkeys(("second", "minute", "day", "business day", "month", "year"), "duration"),
    **dict.fromkeys(("jpy", "cny", "usd", "eur", "gbp", "krw", "hkd", "twd", "¥"), "money"),
    "percent": "percentage",
}
_OF_KIND: dict[str, Topic] = {
    "telephone": "telephone", "time": "hours", "date": "date", "domain": "domain", "url": "domain", "email": "domain",
}  # fmt: skip


def topics_of(value: Value) -> tuple[Topic, ...]:
    """24 hours are a duration, and the hours of a desk that never closes."""
    if is_all_day(value):
        return "duration", "hours"
    return (_OF_UNIT.get(value.unit or "", "count") if value.kind == "number" else _OF_KIND[value.kind],)


def is_all_day(value: Value) -> bool:
    return (value.kind, value.text, value.unit) == ("number", "1440", "minute")
