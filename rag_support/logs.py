"""Log lines as text for people or as JSON for machines; in both, each line of a request carries the request's id.

Question texts and API keys are never logged: what is logged of a request is chosen field by field (service/observing).
"""

import json
import logging
import re
import sys
from contextvars import ContextVar
from typing import Literal

REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)
FIELDS = "fields"
"""Name of a record's attribute, set by `extra`, that holds the fields of a structured line."""

_TALKATIVE = ("faiss", "openai", "httpx2", "httpcore2")  # some would log questions


def configure_logging(level: str, format_: Literal["text", "json"]) -> None:
    """Everything that is logged goes to standard error, uvicorn's lines among it."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(level.upper())  # a library may set its own logger to debug
    handler.setFormatter(_json_formatter() if format_ == "json" else _TextFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler])
    for talkative in _TALKATIVE:
        logging.getLogger(talkative).setLevel(logging.WARNING)


class _TextFormatter(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (as the overridden method)
        line = super().formatMessage(record)
        fields = {**getattr(record, FIELDS, {}), "request_id": REQUEST_ID.get()}
        told = [f"{name}={_word(value)}" for name, value in fields.items() if value is not None]
        return " ".join([line, *told])


def _word(value: object) -> str:
    """Quoted where it would not stay one word, so that no value can look like another field or line."""
    text = str(value)
    return text if re.fullmatch(r"[\w./{}:@+-]+", text) else json.dumps(text, ensure_ascii=False)


def _json_formatter() -> logging.Formatter:
    from pythonjsonlogger.core import RESERVED_ATTRS, LogData
    from pythonjsonlogger.json import JsonFormatter

    class RequestJsonFormatter(JsonFormatter):
        def process_log_record(self, log_data: LogData) -> LogData:
            log_data.update(log_data.pop(FIELDS, {}))
            if request_id := REQUEST_ID.get():
                log_data["request_id"] = request_id
            return log_data

    return RequestJsonFormatter(
        ["levelname", "name", "message"],
        timestamp="time",
        rename_fields={"levelname": "level", "name": "logger", "exc_info": "exception"},
        json_ensure_ascii=False,
        reserved_attrs=[*RESERVED_ATTRS, "color_message"],  # uvicorn's, with terminal colours
    )
