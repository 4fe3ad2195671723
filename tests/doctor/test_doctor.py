"""The doctor: what it finds in a service that is well and in ones that are not, and how it tells."""

import json
import shutil
import socket

import pytest
from click.testing import CliRunner
from running import CORPUS, rag_support, running
from small_parts import write_corpus

from rag_support import snapshot
from rag_support.cli import main
from rag_support.config import Settings
from rag_support.doctor import installation, machine
from rag_support.doctor.findings import examine
from rag_support.ingest.build import build_index
from rag_support.service.keys import add_key, revoke_key


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


def findings(**settings: object) -> dict[str, list[dict]]:
    """Of `rag-support doctor --json` in this process, by check."""
    clean = {f"RAG_SUPPORT_{name.upper()}": None for name in Settings.model_fields}
    given = {f"RAG_SUPPORT_{name.upper()}": str(value) for name, value in ({"port": 0} | settings).items()}
    ended = CliRunner(env=clean | given).invoke(main, ["doctor", "--json"], catch_exceptions=False)
    told = json.loads(ended.stdout)
    statuses = {finding["status"] for finding in told["findings"]}
    assert ended.exit_code == ("fail" in statuses)
    assert told["status"] == next(status for status in ("fail", "warn", "ok") if status in statuses)
    by_check: dict[str, list[dict]] = {}
    for finding in told["findings"]:
        by_check.setdefault(finding["check"], []).append(finding)
    return by_check


def only(found: dict[str, list[dict]], check: str) -> dict:
    (finding,) = found[check]
    return finding


@pytest.fixture
def small(tmp_path, static_model, small_embedder):
    """Settings of a small service that is well."""
    corpus = write_corpus(tmp_path / "corpus")
    build_index(corpus, tmp_path / "index", small_embedder, keep=1)
    return {"corpus": corpus, "index": tmp_path / "index", "embedder": static_model}


class TestWell:
    def test_every_check_says_what_it_found(self, shipped_index):
        found = findings(index=shipped_index, corpus=CORPUS)
        assert list(found) == [
            "python", "packages", "extras", "settings", "corpus", "model", "index", "answer", "disk", "memory", "port",
            "access",
        ]  # fmt: skip
        for check in ("python", "extras", "settings", "corpus", "model", "index", "answer", "port", "access"):
            assert only(found, check)["status"] == "ok", found[check]
        assert snapshot.current_id(shipped_index) in only(found, "index")["found"]
        assert "trilingual-static@" in only(found, "model")["found"]
        assert "citations in" in only(found, "answer")["found"]

    def test_people_read_lines_and_a_sum(self, shipped_index, tmp_path):
        ended = rag_support(tmp_path, "doctor", index=shipped_index, corpus=CORPUS, port=0)
        assert ended.returncode == 0, ended.stdout
        lines = ended.stdout.splitlines()
        assert lines[0].startswith("ok    python    3.")
        assert lines[-1] == "All is well." or lines[-1].endswith(" to look at.")
        assert "\x1b" not in ended.stdout


class TestIndex:
    def test_missing_one_fails_with_the_mend(self, small, tmp_path):
        found = findings(**small | {"index": tmp_path / "none"})
        assert only(found, "index")["status"] == "fail"
        assert "`make index`" in only(found, "index")["found"]
        assert only(found, "answer")["status"] == "fail"

    def test_damaged_file_is_named(self, small):
        damaged = small["index"] / snapshot.current_id(small["index"]) / snapshot.DENSE
        content = bytearray(damaged.read_bytes())
        content[len(content) // 2] ^= 1
        damaged.write_bytes(content)
        finding = only(findings(**small), "index")
        assert finding["status"] == "fail"
        assert str(damaged) in finding["found"]

    def test_index_of_another_model_fails(self, small):
        finding = only(findings(**small | {"embedder": "trilingual-static"}), "index")
        assert finding["status"] == "fail"
        assert "RAG_SUPPORT_EMBEDDER" in finding["found"]

    def test_file_left_out_is_told(self, small, small_embedder):
        (small["corpus"] / "empty.md").write_bytes(b"")
        build_index(small["corpus"], small["index"], small_embedder, keep=1)
        well, left_out = findings(**small)["index"]
        assert (well["status"], left_out["status"]) == ("ok", "warn")
        assert "empty.md" in left_out["found"]

    def test_changed_and_missing_documents_are_named(self, small):
        assert only(findings(**small), "corpus")["status"] == "ok"
        (small["corpus"] / "notes.txt").write_text("別の内容です。", encoding="utf-8")
        (small["corpus"] / "guide" / "phone.md").unlink()
        finding = only(findings(**small), "corpus")
        assert finding["status"] == "warn"
        assert "2 of 3 documents" in finding["found"]
        assert "guide/phone.md, notes.txt" in finding["found"]

    def test_missing_corpus_is_a_warning(self, small, tmp_path):
        finding = only(findings(**small | {"corpus": tmp_path / "none"}), "corpus")
        assert finding["status"] == "warn"
        assert "RAG_SUPPORT_CORPUS" in finding["mend"]

    def test_model_that_is_not_there_fails(self, small):
        found = findings(**small | {"embedder": "/no/such/model"})
        assert only(found, "model")["status"] == only(found, "index")["status"] == "fail"
        assert "/no/such/model" in only(found, "model")["found"]


class TestPort:
    def test_taken_by_another_program_fails(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            other.settimeout(0.01)
            (finding,) = machine.port("127.0.0.1", other.getsockname()[1])
        assert finding.status == "fail"
        assert "RAG_SUPPORT_PORT" in finding.mend

    def test_served_by_ourselves_is_well(self, tmp_path, shipped_index):
        with running(tmp_path, shipped_index) as server:
            (finding,) = machine.port("127.0.0.1", server.port)
        assert (finding.status, finding.found) == ("ok", f"127.0.0.1:{server.port}: rag-support is serving there")


class TestAccess:
    def test_open_to_others_without_keys_fails(self):
        (finding,) = examine([("access", lambda: machine.access(Settings(host="0.0.0.0", _env_file=None)))])
        assert finding.status == "fail"
        assert "RAG_SUPPORT_KEYS_FILE" in finding.found

    def test_keys_file_is_looked_at(self, tmp_path):
        file = tmp_path / "keys.json"
        settings = Settings(keys_file=file, _env_file=None)

        def statuses() -> list[str]:
            return [finding.status for finding in examine([("access", lambda: machine.access(settings))])]

        assert statuses() == ["fail"]
        add_key(file, "web", ["ask"])
        assert statuses() == ["ok"]
        file.chmod(0o644)
        assert statuses() == ["ok", "warn"]
        file.chmod(0o666)
        assert statuses() == ["fail"]
        file.chmod(0o600)
        revoke_key(file, "web")
        assert statuses() == ["ok", "warn"]


class TestMachine:
    @pytest.mark.parametrize(
        ("available_kb", "bound", "status"),
        [(8_000_000, "max", "ok"), (100_000, "max", "warn"), (8_000_000, str(100 * 1024 * 1024), "warn")],
    )
    def test_memory_is_the_machines_or_the_containers(self, monkeypatch, tmp_path, available_kb, bound, status):
        (tmp_path / "meminfo").write_text(f"MemTotal: 9 kB\nMemAvailable:  {available_kb} kB\n")
        (tmp_path / "max").write_text(f"{bound}\n")
        monkeypatch.setattr(machine, "_MEMINFO", tmp_path / "meminfo")
        monkeypatch.setattr(machine, "_CGROUP", tmp_path / "max")
        assert [finding.status for finding in machine.memory()] == [status]

    def test_full_disk_is_a_warning(self, monkeypatch, tmp_path):
        usage = shutil.disk_usage(tmp_path)
        monkeypatch.setattr(machine.shutil, "disk_usage", lambda _: usage._replace(free=10 * 1024 * 1024))
        (finding,) = machine.disk(tmp_path / "none" / "index")
        assert finding.status == "warn"
        assert "10 MB free" in finding.found


class TestInstallation:
    def test_misspelt_setting_is_told_with_the_right_one_and_no_value(self):
        variables = {"RAG_SUPPORT_INDX": "secret", "rag_support_port": "1", "PATH": "/"}
        well, misspelt = installation.settings(variables)
        assert well.found == "RAG_SUPPORT_PORT"
        assert (misspelt.status, misspelt.mend) == ("warn", "Did you mean RAG_SUPPORT_INDEX?")
        assert "secret" not in f"{well} {misspelt}"

    def test_env_file_is_read_too(self, small, tmp_path):
        (tmp_path / ".env").write_text("RAG_SUPPORT_PROT=8001\n")
        assert "RAG_SUPPORT_PORT" in findings(**small)["settings"][1]["mend"]

    def test_other_version_than_tested_is_told(self, tmp_path):
        constraints = tmp_path / "constraints.txt"
        constraints.write_text("numpy==0.0.1\n# a comment\n")
        *_, other = installation.packages(constraints)
        assert other.status == "warn"
        assert "numpy" in other.found
        assert "(tested: 0.0.1)" in other.found

    def test_installed_package_without_a_checkout_has_no_pins(self, tmp_path):
        assert [finding.status for finding in installation.packages(tmp_path / "none")] == ["ok"]


def test_check_that_breaks_is_a_finding_and_the_others_go_on():
    def breaks() -> list:
        raise ZeroDivisionError("inside")

    def absent() -> list:
        raise ModuleNotFoundError("No module named 'faiss'")

    broken, missing, python = examine([("one", breaks), ("two", absent), ("python", installation.python)])
    assert (broken.check, broken.status, broken.found) == ("one", "fail", "ZeroDivisionError: inside")
    assert "No module named 'faiss'" in missing.found
    assert "make setup" in missing.mend
    assert python.status == "ok"
