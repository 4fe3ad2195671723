"""The values that sources tend to differ on, and that no answer should give without its caveat.

Hours, telephone numbers, percentages and domains, each under the form that it shares with the same value written
otherwise (６：００〜２４：００ and 午前6時から24時 are one), with a way to show it.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Literal, get_args

from rag_support.values import Mention, mentions
from rag_support.values.forms import host_of
from rag_support.values.topics import is_all_day, topics_of

DisputedTopic = Literal["hours", "telephone", "percentage", "domain"]
ALL_DAY = "24h"


@lru_cache(maxsize=8192)
def disputed_values(text: str) -> Mapping[DisputedTopic, Mapping[str, str]]:
    """Topic → form of a value → how to show it, in order: "6:00~24:00", ALL_DAY, "0120-999-373", "92.5%"."""
    found: dict[DisputedTopic, dict[str, str]] = {}
    for mention in mentions(text):
        for topic, form, shown in _forms(mention):
            found.setdefault(topic, {}).setdefault(form, shown)
    return MappingProxyType(found)  # shared by all callers


def _forms(mention: Mention) -> Iterator[tuple[DisputedTopic, str, str]]:
    if any(map(is_all_day, mention.values)):
        yield "hours", ALL_DAY, ALL_DAY
        return
    forms = [value.text for value in mention.values]
    for topic in get_args(DisputedTopic):
        if topic not in topics_of(mention.values[0]):
            continue
        if topic == "hours":
            # hours that end at 0:00 end at 24:00 for whoever reads them
            forms[1:] = ["24:00" if form == "0:00" else form for form in forms[1:]]
            yield topic, "~".join(forms), "~".join(forms)
        elif topic == "percentage":
            yield topic, "~".join(forms), f"{'~'.join(forms)}%"
        elif topic == "domain":
            yield topic, host_of(forms[0]), host_of(forms[0])
        else:
            yield topic, forms[0], mention.written
