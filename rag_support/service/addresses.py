"""Which addresses the service has and who may use each: one table for access, metrics, logs and OpenAPI.

An address that is not in it does not exist, so that one that was forgotten is never open by accident.
"""

from dataclasses import dataclass

from rag_support.service.keys import Scope


@dataclass(frozen=True, slots=True)
class Address:
    """A route. Templates stand for it in metrics and logs: a path as it was sent could be anything."""

    template: str
    scope: Scope | None  # that a key needs where the service has keys; None: for everyone


ADDRESSES = (
    Address("/", None),
    Address("/docs", None),
    Address("/openapi.json", None),
    Address("/static/{file}", None),
    Address("/healthz", None),
    Address("/readyz", None),
    Address("/v1/answers", "ask"),
    Address("/v1/search", "ask"),
    Address("/v1/language", "ask"),
    Address("/v1/passages/{passage_id}", "ask"),
    Address("/v1/chat/completions", "ask"),
    Address("/v1/models", "ask"),
    Address("/v1/feedback", "ask"),
    Address("/v1/index", "admin"),  # it names the files that were left out
    Address("/metrics", "admin"),
)

_BY_PATH = {address.template: address for address in ADDRESSES if "{" not in address.template}
_BY_PREFIX = [(address.template.partition("{")[0], address) for address in ADDRESSES if "{" in address.template]


def address_of(path: str) -> Address | None:
    """The address that a path leads to, with or without a slash at its end."""
    address = _BY_PATH.get(path) or _BY_PATH.get(path.rstrip("/"))
    if address is None:
        return next((found for prefix, found in _BY_PREFIX if path.startswith(prefix)), None)
    return address
