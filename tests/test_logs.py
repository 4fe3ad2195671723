"""Log lines: as text for people, as JSON for machines; one record is one line of JSON, whatever it holds."""

import json
import subprocess
import sys

SCRIPT = """
import logging
from rag_support.logs import FIELDS, REQUEST_ID, configure_logging

configure_logging("info", {format!r})
REQUEST_ID.set("r-1")
log = logging.getLogger("some.part")
log.info("served %d", 3, extra={{FIELDS: {{"route": "/v1/answers", "question": "返品 a=b\\nc", "none": None}}}})
log.debug("unseen")
logging.getLogger("faiss").info("unseen")
REQUEST_ID.set(None)
try:
    raise ValueError("two\\nlines")
except ValueError:
    log.exception("failed")
"""


def logged(format_: str) -> list[str]:
    script = SCRIPT.format(format=format_)
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, encoding="utf-8", check=True)
    assert ended.stdout == ""
    return ended.stderr.splitlines()


def test_json_is_one_object_a_record():
    served, failed = map(json.loads, logged("json"))
    assert served.pop("time").endswith("+00:00")
    assert served == {
        "level": "INFO",
        "logger": "some.part",
        "message": "served 3",
        "route": "/v1/answers",
        "question": "返品 a=b\nc",
        "none": None,
        "request_id": "r-1",
    }
    assert (failed["level"], failed["message"]) == ("ERROR", "failed")
    assert failed["exception"].startswith("Traceback")
    assert failed["exception"].endswith("ValueError: two\nlines")
    assert "request_id" not in failed


def test_text_quotes_what_could_pass_for_another_field_or_line():
    served, failed, *traceback = logged("text")
    assert served.endswith(r' INFO some.part: served 3 route=/v1/answers question="返品 a=b\nc" request_id=r-1')
    assert failed.endswith(" ERROR some.part: failed")
    assert traceback[0].startswith("Traceback")
