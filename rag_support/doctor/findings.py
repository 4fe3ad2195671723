"""What a check finds, and how all checks are run: one that cannot be carried out is a finding too."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from rag_support.errors import RagSupportError

Status = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`mend` says what to do; it is empty where all is well, and where `found` is an error of ours, which says it."""

    check: str
    status: Status
    found: str
    mend: str = ""


Check = Callable[[], Iterable[Finding]]


def examine(checks: Iterable[tuple[str, Check]]) -> Iterator[Finding]:
    """The findings of named checks, in order, as they come about."""
    for name, check in checks:
        try:
            yield from check()
        except RagSupportError as error:
            yield Finding(name, "fail", str(error))
        except ImportError as error:
            yield Finding(name, "fail", f"{error}", "Install anew: `make setup`, or pip install rag-support.")
        except Exception as error:  # a doctor does not faint
            yield Finding(
                name, "fail", f"{type(error).__name__}: {error}", "This check failed itself; please report it."
            )
