"""The file of API keys: what it holds, who may write it, that a change is whole, that damage opens nothing."""

import hashlib
import stat
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from rag_support.errors import KeysError
from rag_support.service import keys
from rag_support.service.keys import LiveKeys, add_key, read_keys, revoke_key


@pytest.fixture
def file(tmp_path):
    return tmp_path / "keys.json"


class TestFile:
    def test_holds_a_hash_and_never_the_key(self, file):
        text = add_key(file, "web", ["ask"])
        assert text.startswith("rag_sk_")
        assert len(text) == len("rag_sk_") + 43  # 32 bytes in base64 without its padding
        assert text not in file.read_text()
        assert read_keys(file)[0].sha256 == hashlib.sha256(text.encode()).hexdigest()

    def test_is_for_its_owner_alone(self, file):
        add_key(file, "web", ["ask"])
        assert stat.S_IMODE(file.stat().st_mode) == 0o600

    def test_keeps_names_scopes_and_order(self, file):
        for name, scopes in (("web", ["ask"]), ("運用", ["admin", "ask", "admin"])):
            add_key(file, name, scopes)
        assert [(key.name, key.scopes) for key in read_keys(file)] == [("web", ("ask",)), ("運用", ("admin", "ask"))]

    def test_two_keys_are_not_the_same(self, file):
        assert add_key(file, "one", ["ask"]) != add_key(file, "two", ["ask"])

    def test_name_that_is_taken_is_refused(self, file):
        add_key(file, "web", ["ask"])
        with pytest.raises(KeysError, match="there is a key named 'web'"):
            add_key(file, "web", ["admin"])
        assert len(read_keys(file)) == 1

    @pytest.mark.parametrize("name", ["", "a b", "a\nb", "x" * 65, "-\x1b[31m"])
    def test_name_that_would_spoil_a_log_line_is_refused(self, file, name):
        with pytest.raises(KeysError, match="cannot name a key"):
            add_key(file, name, ["ask"])
        assert not file.exists()

    def test_revoked_key_is_gone_and_the_others_stay(self, file):
        for name in ("one", "two", "three"):
            add_key(file, name, ["ask"])
        revoke_key(file, "two")
        assert [key.name for key in read_keys(file)] == ["one", "three"]

    def test_revoking_an_unknown_key_names_the_known_ones(self, file):
        add_key(file, "web", ["ask"])
        with pytest.raises(KeysError, match=r"no key named 'wbe'\. Keys: web"):
            revoke_key(file, "wbe")

    def test_keys_added_at_once_are_all_kept(self, file):
        names = [f"key{number}" for number in range(12)]
        with ThreadPoolExecutor(12) as pool:
            list(pool.map(lambda name: add_key(file, name, ["ask"]), names))
        assert {key.name for key in read_keys(file)} == set(names)

    def test_reader_meets_whole_files_only(self, file):
        add_key(file, "first", ["ask"])
        done = threading.Event()

        def write() -> None:
            for number in range(30):
                add_key(file, f"key{number}", ["ask"])
            done.set()

        writer = threading.Thread(target=write)
        writer.start()
        while not done.is_set():
            assert read_keys(file)[0].name == "first"
        writer.join()

    def test_write_that_fails_leaves_the_keys_as_they_were(self, file, monkeypatch):
        add_key(file, "web", ["ask"])
        before = file.read_bytes()

        def full(_: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(keys.os, "fsync", full)
        with pytest.raises(KeysError, match="No space left on device"):
            add_key(file, "other", ["ask"])
        assert file.read_bytes() == before
        assert sorted(path.name for path in file.parent.iterdir()) == ["keys.json", "keys.json.lock"]

    @pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b'{"version": 2}', b'{"keys": [{"name": "x"}]}'])
    def test_damaged_file_is_named_and_not_written_over(self, file, content):
        file.write_bytes(content)
        file.chmod(0o600)
        for action in (lambda: read_keys(file), lambda: add_key(file, "web", ["ask"]), lambda: revoke_key(file, "web")):
            with pytest.raises(KeysError, match=f"{file}: this is not a whole file"):
                action()
        assert file.read_bytes() == content


class TestLiveKeys:
    def test_finds_the_key_that_was_presented(self, file):
        texts = {name: add_key(file, name, ["ask"]) for name in ("one", "two")}
        live = LiveKeys(file)
        for name, text in texts.items():
            found = live.find(text.encode())
            assert found is not None
            assert found.name == name

    @pytest.mark.parametrize("presented", [b"", b"rag_sk_", b"x" * 50_000, b"\xff\x00"])
    def test_finds_none_for_anything_else(self, file, presented):
        add_key(file, "web", ["ask"])
        assert LiveKeys(file).find(presented) is None

    def test_hash_itself_is_no_key(self, file):
        add_key(file, "web", ["ask"])
        assert LiveKeys(file).find(read_keys(file)[0].sha256.encode()) is None

    def test_knows_at_once_what_was_added_and_revoked(self, file):
        first = add_key(file, "first", ["ask"])
        live = LiveKeys(file)
        assert live.find(first.encode())
        for number in range(20):
            text = add_key(file, "guest", ["ask"]).encode()
            assert live.find(text), number
            revoke_key(file, "guest")
            assert live.find(text) is None, number

    def test_lets_nobody_in_while_the_file_is_damaged_and_says_so_once(self, file, caplog):
        text = add_key(file, "web", ["ask"]).encode()
        live = LiveKeys(file)
        assert live.find(text)
        whole = file.read_bytes()
        file.write_bytes(whole[:-20])
        for _ in range(3):
            with pytest.raises(KeysError):
                live.find(text)
        assert caplog.text.count("this is not a whole file of API keys") == 1
        file.write_bytes(whole)
        assert live.find(text)

    def test_lets_nobody_in_when_the_file_is_gone(self, file):
        text = add_key(file, "web", ["ask"]).encode()
        live = LiveKeys(file)
        assert live.find(text)
        file.unlink()
        with pytest.raises(KeysError, match="there is no such file of API keys"):
            live.find(text)

    @pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
    def test_lets_nobody_in_where_others_could_add_keys(self, file, mode):
        text = add_key(file, "web", ["ask"]).encode()
        file.chmod(mode)
        with pytest.raises(KeysError, match="chmod 600"):
            LiveKeys(file).find(text)
