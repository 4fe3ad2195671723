"""The command: what it prints, where, and how it ends. Run in a process of its own where that may make a difference."""

import json
import os
import pty
import re
import shutil
import subprocess
import termios

import pytest
from click.testing import CliRunner
from running import COMMAND, CORPUS, environment, rag_support
from small_parts import DOCUMENTS, TRANSLATIONS, copy_snapshot, write_corpus

from rag_support import __version__, snapshot
from rag_support.cli import main
from rag_support.config import Settings

NEWER = "20990101T000000000000-aaaaaaaa"


@pytest.fixture(autouse=True)
def no_env_file_around(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


def here(*arguments: str, **settings: object) -> subprocess.CompletedProcess[str]:
    """As rag_support(), but in this process, which has the libraries loaded."""
    clean = {f"RAG_SUPPORT_{name.upper()}": None for name in Settings.model_fields}
    given = {f"RAG_SUPPORT_{name.upper()}": str(value) for name, value in settings.items()}
    ended = CliRunner(env=clean | given).invoke(main, arguments, catch_exceptions=False)
    return subprocess.CompletedProcess(arguments, ended.exit_code, ended.stdout, ended.stderr)


def fails_in_one_line(ended: subprocess.CompletedProcess[str]) -> str:
    """The line that says what was wrong."""
    assert ended.returncode == 1, ended.stderr
    assert ended.stdout == ""
    lines = [line for line in ended.stderr.splitlines() if not line.startswith("reading ")]
    assert len(lines) == 1, ended.stderr
    assert lines[0].startswith("Error: ")
    return lines[0]


@pytest.fixture
def corpus(tmp_path):
    return write_corpus(tmp_path / "corpus", DOCUMENTS, TRANSLATIONS)


class TestIndex:
    def test_lists_where_the_sources_disagree_and_builds_nothing(self, tmp_path):
        pages = {
            "now.md": "# 予約\n\n取置き期間は7日間です。\n\n> 注意：取置き期間を14日間とする案内もあります。\n",
            "old.md": "# お知らせ\n\n予約した本の取置き期間は10日間です。\n",
        }
        corpus = write_corpus(tmp_path / "corpus", pages)
        index = tmp_path / "index"
        missing = fails_in_one_line(rag_support(tmp_path, "index", "--conflicts", corpus=corpus, index=index))
        assert "there is no index yet" in missing
        rag_support(tmp_path, "index", corpus=corpus, index=index)
        built = snapshot.current_id(index)
        ended = rag_support(tmp_path, "index", "--conflicts", corpus=corpus, index=index)
        assert ended.returncode == 0, ended.stderr
        assert (
            "now.md, 予約: 取置き期間は7日間です。\n  old.md, お知らせ: 予約した本の取置き期間は10日間です。"
            in ended.stdout
        )
        assert "statements that tell of another side: 1\n" in ended.stdout
        assert snapshot.current_id(index) == built

    def test_builds_and_tells_what_was_built_in_plain_lines(self, corpus, tmp_path):
        ended = rag_support(tmp_path, "index", corpus=corpus, index=tmp_path / "index")
        assert ended.returncode == 0, ended.stderr
        built = snapshot.current_id(tmp_path / "index")
        assert re.fullmatch(
            rf"Index {built}: 3 documents, \d+ chunks, passages ja \d+, en \d+, \d+ vectors\.\n", ended.stdout
        )
        progress = ended.stderr.splitlines()
        assert [line for line in progress if line.startswith("reading ")] == [
            "reading guide/phone.md",
            "reading guide/returns.md",
            "reading notes.txt",
        ]
        assert "\r" not in ended.stderr
        assert "\x1b" not in ended.stderr
        assert " DEBUG " not in ended.stderr

    def test_shows_a_bar_on_a_terminal(self, corpus, tmp_path):
        controller, terminal = pty.openpty()
        termios.tcsetwinsize(terminal, (24, 80))
        with subprocess.Popen(
            [str(COMMAND), "index"],
            cwd=tmp_path,
            env=environment(corpus=corpus, index=tmp_path / "index"),
            stdout=subprocess.DEVNULL,
            stderr=terminal,
        ) as process:
            os.close(terminal)
            shown = b""
            try:
                while piece := os.read(controller, 4096):
                    shown += piece
            except OSError:  # how the system tells that the other side is closed
                pass
            finally:
                os.close(controller)
        assert process.returncode == 0
        assert b"\rembedding" in shown

    def test_file_that_cannot_be_read_is_named_and_the_others_are_indexed(self, corpus, tmp_path):
        (corpus / "empty.md").write_bytes(b"")
        (corpus / "broken.pdf").write_bytes(b"no PDF at all")
        ended = rag_support(tmp_path, "index", corpus=corpus, index=tmp_path / "index")
        assert ended.returncode == 0
        assert ": 3 documents," in ended.stdout
        assert "Left out: empty.md: The file is empty. " in ended.stderr
        assert "Left out: broken.pdf: " in ended.stderr

    def test_missing_corpus(self, tmp_path):
        line = fails_in_one_line(rag_support(tmp_path, "index", corpus=tmp_path / "none", index=tmp_path / "index"))
        assert str(tmp_path / "none") in line
        assert "RAG_SUPPORT_CORPUS" in line
        assert not (tmp_path / "index" / snapshot.CURRENT).exists()

    def test_corpus_without_documents(self, tmp_path):
        (tmp_path / "corpus").mkdir()
        line = fails_in_one_line(here("index", corpus=tmp_path / "corpus", index=tmp_path / "index"))
        assert str(tmp_path / "corpus") in line

    def test_catalogue_that_cannot_be_read_is_named(self, corpus, tmp_path):
        catalogue = corpus / "translations" / "en.po"
        catalogue.write_text('msgid "a"\nno catalogue\n', encoding="utf-8")
        line = fails_in_one_line(here("index", corpus=corpus, index=tmp_path / "index"))
        assert str(catalogue) in line


class TestSnapshots:
    @pytest.fixture
    def index(self, corpus, tmp_path):
        """Two snapshots, the second live."""
        index = tmp_path / "index"
        assert here("index", corpus=corpus, index=index).returncode == 0
        copy_snapshot(index, snapshot.current_id(index), NEWER)
        (index / snapshot.CURRENT).write_text(NEWER, encoding="ascii")
        return index

    def test_lists_them_with_the_live_one_and_what_is_damaged(self, index):
        older = snapshot.snapshot_ids(index)[1]
        (index / older / snapshot.PASSAGES).write_bytes(b"")
        ended = here("index", "list", index=index)
        assert ended.returncode == 0
        first, second = ended.stdout.splitlines()
        assert re.fullmatch(rf"\* {NEWER}  \S+  3 documents  sound", first)
        assert re.match(rf"  {older}  \S+  3 documents  .*{older}/{snapshot.PASSAGES}: ", second)

    def test_list_of_none_tells_the_mend(self, tmp_path):
        ended = here("index", "list", index=tmp_path / "none")
        assert (ended.returncode, ended.stdout) == (0, "")
        assert "`make index`" in ended.stderr

    def test_rolls_back_to_the_one_before_and_forward_by_name(self, index):
        older = snapshot.snapshot_ids(index)[1]
        assert here("index", "rollback", index=index).stdout == f"{NEWER} → {older}\n"
        assert snapshot.current_id(index) == older
        assert here("index", "rollback", NEWER, index=index).stdout == f"{older} → {NEWER}\n"
        assert here("index", "rollback", NEWER, index=index).stdout == f"{NEWER} is live already.\n"

    def test_rollback_without_an_older_one_is_told(self, index):
        here("index", "rollback", index=index)
        line = fails_in_one_line(here("index", "rollback", index=index))
        assert "no sound snapshot before the live one" in line
        assert "RAG_SUPPORT_KEEP_SNAPSHOTS" in line

    def test_rollback_to_one_that_is_not_there_names_those_that_are(self, index):
        assert NEWER in fails_in_one_line(here("index", "rollback", "yesterday", index=index))


class TestAsk:
    @pytest.mark.parametrize(
        ("question", "statement"),
        [
            ("電話番号を教えてください", "0120-999-373"),
            ("What is the phone number?", "0120-999-373"),
            ("怎么退货？", "退货"),
        ],
    )
    def test_prints_the_answer_and_its_sources(self, shipped_index, tmp_path, question, statement):
        ended = rag_support(tmp_path, "ask", question, index=shipped_index)
        assert ended.returncode == 0, ended.stderr
        answer, *sources = ended.stdout.split("\n\n")
        assert statement in answer
        assert "[1]" in answer
        assert len(sources) == len(set(re.findall(r"\[\d+\]", answer)))
        assert re.match(r"\[1\] (?:faq|guide)/[\w-]+\.md › ", sources[0])

    def test_json_is_what_the_http_api_gives(self, shipped_index):
        ended = here("ask", "--json", "--top-k", "3", "--language", "ja", "退货", index=shipped_index)
        answer = json.loads(ended.stdout)
        assert answer["language"] == "ja"
        assert len(answer["passages"]) == 3
        assert answer["index"] == snapshot.current_id(shipped_index)
        assert [citation["number"] for citation in answer["citations"]][:1] == [1]

    def test_refusal_is_an_answer(self, shipped_index):
        ended = here("ask", "How do I bake sourdough bread?", index=shipped_index)
        assert ended.returncode == 0
        assert ended.stdout.startswith("Sorry, ")
        assert "[1]" not in ended.stdout

    @pytest.mark.parametrize("question", ["", " ", "a\u202eb", "x" * 2_001])
    def test_unusable_question(self, shipped_index, question):
        assert "question" in fails_in_one_line(here("ask", question, index=shipped_index))

    def test_question_that_is_no_text(self, shipped_index, tmp_path):
        assert "question" in fails_in_one_line(rag_support(tmp_path, "ask", b"\xff", index=shipped_index))

    def test_no_index_yet(self, tmp_path):
        assert "`make index`" in fails_in_one_line(rag_support(tmp_path, "ask", "hours?", index=tmp_path / "none"))

    def test_damaged_index_is_named(self, shipped_index, tmp_path):
        index = tmp_path / "index"
        shutil.copytree(shipped_index, index)
        damaged = index / snapshot.current_id(index) / snapshot.PASSAGES
        damaged.write_bytes(b"")
        assert str(damaged) in fails_in_one_line(here("ask", "hours?", index=index))

    @pytest.mark.parametrize("option", [("--language", "fr"), ("--top-k", "0"), ("--top-k", "51"), ("--colour",)])
    def test_option_that_cannot_be(self, option):
        ended = here("ask", *option, "hours?")
        assert ended.returncode == 2
        assert option[0] in ended.stderr


class TestTranslations:
    def test_shipped_translations_are_complete(self):
        ended = here("translations", "check", corpus=CORPUS)
        assert ended.returncode == 0, ended.stdout
        assert re.findall(r"^(\w+): 100\.0% reviewed", ended.stdout, re.MULTILINE) == ["en", "zh"]

    def test_changed_source_is_told_and_taken_up_as_fuzzy(self, tmp_path):
        corpus = tmp_path / "corpus"
        shutil.copytree(CORPUS, corpus)
        changed = corpus / "faq" / "contact.md"
        text = changed.read_text(encoding="utf-8")
        old = "公式サイトから問い合わせる手順は、次のとおりです。"
        assert old in text
        new = "公式サイトから問い合わせるときの手順は、次のとおりです。"
        changed.write_text(text.replace(old, new), encoding="utf-8")

        before = here("translations", "check", "--verbose", corpus=corpus)
        assert before.returncode == 1
        assert re.search(rf"missing faq/contact\.md:\d+: {new}$", before.stdout, re.MULTILINE)
        assert "translations update" in before.stderr

        updated = here("translations", "update", corpus=corpus)
        assert updated.returncode == 0
        assert updated.stdout.splitlines() == [
            f"updated {corpus}/translations/{language}.po" for language in ("en", "zh")
        ]
        catalogue = (corpus / "translations" / "en.po").read_text(encoding="utf-8")
        assert re.search(rf'#, fuzzy\n(?:#\| .*\n)*msgid "{new}"\nmsgstr "The steps for', catalogue)

        after = here("translations", "check", "--verbose", corpus=corpus)
        assert after.returncode == 1
        assert re.findall(r"(\d+) missing, (\d+) fuzzy", after.stdout) == [("0", "1"), ("0", "1")]
        assert re.search(rf"fuzzy faq/contact\.md:\d+: {new}$", after.stdout, re.MULTILINE)

    def test_update_of_what_is_current_changes_nothing_that_is_served(self, tmp_path):
        corpus = tmp_path / "corpus"
        shutil.copytree(CORPUS, corpus)
        assert here("translations", "update", corpus=corpus).returncode == 0
        check, shipped = (here("translations", "check", corpus=where) for where in (corpus, CORPUS))
        assert check.stdout == shipped.stdout

    @pytest.mark.parametrize("action", ["check", "update"])
    def test_missing_corpus(self, tmp_path, action):
        ended = here("translations", action, corpus=tmp_path / "none")
        assert "RAG_SUPPORT_CORPUS" in fails_in_one_line(ended)


class TestSettings:
    @pytest.mark.parametrize(
        ("name", "value"),
        [("port", "http"), ("log_level", "loud"), ("keep_snapshots", 0), ("fallback_language", "fr"), ("embedder", "")],
    )
    def test_setting_that_cannot_be_is_named(self, name, value):
        line = fails_in_one_line(here("ask", "hours?", **{name: value}))
        assert f"RAG_SUPPORT_{name.upper()}: " in line

    def test_every_setting_that_cannot_be_is_named_at_once(self, tmp_path):
        line = fails_in_one_line(rag_support(tmp_path, "serve", port="http", log_level="loud"))
        assert "RAG_SUPPORT_PORT: " in line
        assert "RAG_SUPPORT_LOG_LEVEL: " in line

    @pytest.mark.parametrize("command", [("index",), ("ask", "hours?")])
    def test_model_that_is_not_there_is_named(self, corpus, shipped_index, tmp_path, command):
        index = tmp_path / "new" if command == ("index",) else shipped_index
        assert "/no/such/model" in fails_in_one_line(
            here(*command, corpus=corpus, index=index, embedder="/no/such/model")
        )

    def test_server_without_its_model_does_not_start(self, shipped_index, tmp_path):
        ended = rag_support(tmp_path, "serve", index=shipped_index, embedder="/no/such/model", port=0)
        assert "/no/such/model" in fails_in_one_line(ended)

    def test_log_level_is_kept_to(self, corpus, tmp_path):
        ended = rag_support(tmp_path, "index", corpus=corpus, index=tmp_path / "index", log_level="error")
        assert re.search(r" (?:DEBUG|INFO|WARNING) ", ended.stderr) is None


def test_version():
    assert __version__ in here("--version").stdout


@pytest.mark.parametrize(
    "command",
    [
        (),
        ("index",),
        ("index", "rollback"),
        ("index", "list"),
        ("serve",),
        ("ask",),
        ("mcp",),
        ("translations",),
        ("translations", "check"),
        ("keys",),
        ("keys", "add"),
        ("doctor",),
    ],
)
def test_help_tells_what_a_command_does(command):
    ended = here(*command, "--help")
    assert ended.returncode == 0
    assert re.search(r"^  [A-Z]", ended.stdout, re.MULTILINE)
