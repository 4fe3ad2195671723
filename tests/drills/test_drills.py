"""Every drill with few cases, in a process of its own since it forks; the same code as `make drill`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from drills import syscalls
from drills.__main__ import DRILLS

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(not syscalls.supported(), reason="the drills need Linux on x86-64 or ARM")


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize("name", DRILLS)
def test_nothing_is_lost_but_by_the_negative_control(name: str, tmp_path: Path) -> None:
    ended = python("-m", "drills", name, "--seed", "1", "--report", str(tmp_path))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    report = json.loads((tmp_path / f"{name}.json").read_text(encoding="utf-8"))
    assert (report["drill"], report["seed"]) == (name, 1)
    assert all(row["cases"] and not row["broken"] and not row["mixed"] for row in report["rows"])
    assert sum(row["control"]["lost"] for row in report["rows"]) > 0
    assert report["rows"][0]["drill"] in (tmp_path / "README.md").read_text(encoding="utf-8")


WATCHED = """
import errno, os, sys
from pathlib import Path
from drills import syscalls

folder = Path(sys.argv[1]) / "below"
folder.mkdir()

def work():
    (folder.parent / "beside").write_text("not counted")
    for name in ("one", "two"):
        os.write(os.open(folder / name, os.O_CREAT | os.O_WRONLY), name.encode())

def verdict(number, call):
    return {"fail": errno.ENOSPC, "kill": syscalls.KILL}.get(sys.argv[2], 0) if number >= 4 else 0

watched = syscalls.watch(work, folder, verdict)
print([f"{call.name} {call.path.name}" for call in watched.calls], watched.ended.status)
print((folder / "two").read_text())
print(watched.ended.said.strip().splitlines()[-1:])
"""


@pytest.mark.parametrize(
    ("harm", "status", "written", "said"),
    [
        ("none", 0, "two", []),
        ("fail", 70, "", ["OSError: [Errno 28] No space left on device"]),
        ("kill", -9, "", []),
    ],
)
def test_a_watched_call_is_done_or_fails_or_is_the_last(
    tmp_path: Path, harm: str, status: int, written: str, said: list[str]
) -> None:
    ended = python("-c", WATCHED, str(tmp_path), harm)
    calls = ["openat one", "write one", "openat two", "write two"]
    assert ended.stdout.splitlines() == [f"{calls} {status}", written, str(said)], ended.stderr
