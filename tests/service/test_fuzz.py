"""The API holds to its own description: schemathesis, all checks, valid and invalid requests, links followed.

A few hundred requests here; `make fuzz` sends more than ten thousand.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from running import Server, environment, running

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "25"))  # of each operation, beside those that cover each keyword
CONFIGURATION = Path(__file__).with_name("fuzz.toml")
SEED = os.environ.get("FUZZ_SEED", "1")


def fuzz(server: Server, folder: Path, *options: str) -> dict[str, Any]:
    """What a run found, as its report tells."""
    report = folder / "report.json"
    subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")), f"--config-file={CONFIGURATION}",
            "run", f"{server.url}/openapi.json", "--checks=all", f"--seed={SEED}", "--generation-database=none",
            "--no-color", "--report=json", f"--report-json-path={report}", *options,
        ],
        cwd=folder,
        env=environment() | {"NO_PROXY": "127.0.0.1"},
        check=False,  # the report says what the exit status does, and more
    )  # fmt: skip
    found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    return found


def test_every_operation_does_what_its_description_says(server, tmp_path):
    found = fuzz(server, tmp_path, f"--max-examples={EXAMPLES}")
    assert found["failures"] == found["errors"] == []
    assert found["complete"]
    assert found["operations"]["tested"] == found["operations"]["total"]
    assert {phase: told["status"] for phase, told in found["phases"].items() if phase != "examples"} == {
        "coverage": "success",
        "fuzzing": "success",
        "stateful": "success",
    }
    assert found["test_cases"]["generated"] >= 300
    assert "Traceback" not in server.log()


def test_a_fault_behind_an_operation_is_found(shipped_index, tmp_path):
    """So that finding nothing means something."""
    fault = "from rag_support.service.routes import asking\nasking.clean_question = None"
    with running(tmp_path, shipped_index, before=fault) as server:
        found = fuzz(server, tmp_path, "--max-examples=1", "--phases=coverage", "--include-path=/v1/language")
    assert found["test_cases"]["with_failures"] > 0
