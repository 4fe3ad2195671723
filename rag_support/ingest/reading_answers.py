"""What the process that reads files (reading_child.py) tells the one that started it (sandbox.py), and in which bytes.

An answer is one byte for its kind, eight for the length of its body, then the body.
"""

from dataclasses import dataclass
from enum import Enum
from typing import IO

_MAX_BODY_BYTES = 256 * 1024 * 1024
_LENGTH_BYTES = 8


class Kind(Enum):
    READY = b"R"  # no body; the first answer of all
    DOCUMENT = b"D"  # as document_json.py writes it
    LEFT_OUT = b"L"  # JSON: [problem, mend]
    OUT_OF_MEMORY = b"M"  # no body; the last answer of all


@dataclass(frozen=True, slots=True)
class ReadingAnswer:
    kind: Kind
    body: bytes = b""


def write_answer(pipe: IO[bytes], answer: ReadingAnswer) -> None:
    pipe.write(answer.kind.value + len(answer.body).to_bytes(_LENGTH_BYTES, "big") + answer.body)
    pipe.flush()


def read_answer(pipe: IO[bytes]) -> ReadingAnswer | None:
    """The next answer; None when the pipe ends before it does. Raises ValueError on bytes that are no answer."""
    head = pipe.read(1 + _LENGTH_BYTES)
    if len(head) <= _LENGTH_BYTES:
        return None
    kind, length = Kind(head[:1]), int.from_bytes(head[1:], "big")
    if length > _MAX_BODY_BYTES:
        raise ValueError(f"an answer of {length} bytes")
    body = pipe.read(length)
    return ReadingAnswer(kind, body) if len(body) == length else None
