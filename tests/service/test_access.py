"""Who may use which address: with keys, without, and from where."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from running import Server, is_problem, rag_support, running

from rag_support.config import Settings
from rag_support.errors import AccessError, KeysError
from rag_support.service.addresses import ADDRESSES, address_of
from rag_support.service.app import create_app
from rag_support.service.exposure import who_may_use
from rag_support.service.keys import add_key, revoke_key

QUESTION = {"question": "How do I return an item?"}
ASK = [
    ("POST", "/v1/answers", QUESTION),
    ("POST", "/v1/search", QUESTION),
    ("POST", "/v1/language", {"text": "返品"}),
    ("GET", "/v1/passages/none", None),
]
ADMIN = [("GET", "/v1/index", None), ("GET", "/metrics", None)]
OPEN = ["/", "/docs", "/openapi.json", "/healthz", "/readyz", "/static/app.js", "/static/swagger/swagger-ui.css"]


@dataclass(frozen=True)
class Guarded:
    server: Server
    client: httpx.Client
    file: Path
    ask: str
    admin: str

    def request(self, method: str, path: str, body: object = None, key: str | None = None, **headers: str):
        given = headers if key is None else {"Authorization": f"Bearer {key}", **headers}
        return self.client.request(method, path, json=body, headers=given)


@pytest.fixture(scope="module")
def guarded(shipped_index, tmp_path_factory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    file = folder / "keys.json"
    ask, admin = add_key(file, "web", ["ask"]), add_key(file, "operator", ["admin"])
    with (
        running(folder, shipped_index, host="0.0.0.0", keys_file=file, log_format="json") as server,
        server.client() as client,
    ):
        yield Guarded(server, client, file, ask, admin)


class TestWithKeys:
    @pytest.mark.parametrize(("method", "path", "body"), ASK + ADMIN)
    def test_request_without_a_key_is_told_to_bring_one(self, guarded, method, path, body):
        refused = guarded.request(method, path, body)
        assert "X-API-Key" in is_problem(refused, 401)["detail"]
        assert refused.headers["www-authenticate"] == 'Bearer realm="rag-support"'

    @pytest.mark.parametrize(("method", "path", "body"), ASK + ADMIN)
    def test_unknown_key_is_refused(self, guarded, method, path, body):
        refused = guarded.request(method, path, body, key=guarded.ask[:-1])
        is_problem(refused, 401)
        assert 'error="invalid_token"' in refused.headers["www-authenticate"]

    @pytest.mark.parametrize(("method", "path", "body"), ASK)
    def test_key_for_asking_asks(self, guarded, method, path, body):
        assert guarded.request(method, path, body, key=guarded.ask).status_code == (404 if "none" in path else 200)

    @pytest.mark.parametrize(("method", "path", "body"), ADMIN)
    def test_key_for_asking_does_not_administer(self, guarded, method, path, body):
        refused = guarded.request(method, path, body, key=guarded.ask)
        assert "admin" in is_problem(refused, 403)["detail"]
        assert 'scope="admin"' in refused.headers["www-authenticate"]

    @pytest.mark.parametrize("path", ["/v1/index", "/metrics"])
    def test_key_for_administering_administers_and_does_not_ask(self, guarded, path):
        assert guarded.request("GET", path, key=guarded.admin).status_code == 200
        assert "ask" in is_problem(guarded.request("POST", "/v1/answers", QUESTION, key=guarded.admin), 403)["detail"]

    @pytest.mark.parametrize("path", OPEN)
    def test_page_and_probes_need_none(self, guarded, path):
        assert guarded.request("GET", path).status_code == 200

    @pytest.mark.parametrize("path", ["/nothing", "/v1", "/v1/", "/v1/answers/x", "/metricsx", "/static", "//v1/index"])
    def test_address_that_does_not_exist_is_no_way_in(self, guarded, path):
        for key in (None, guarded.ask, guarded.admin):
            is_problem(guarded.request("GET", path, key=key), 404)

    @pytest.mark.parametrize("path", ["/static/../v1/index", "/static/%2e%2e/v1/index", "/docs/../v1/index"])
    def test_path_that_climbs_is_no_way_in(self, guarded, path):
        with guarded.server.connect() as connection:  # no client sends such a path as it stands
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            assert b"".join(iter(lambda: connection.recv(4096), b"")).startswith(b"HTTP/1.1 404 ")

    @pytest.mark.parametrize(
        "headers",
        [
            {"Authorization": "bearer {key}"},
            {"Authorization": "Bearer  {key}"},
            {"X-API-Key": "{key}"},
            {"Authorization": "Basic eDp5", "X-API-Key": "{key}"},
        ],
    )
    def test_key_may_come_either_way(self, guarded, headers):
        headers = {name: value.format(key=guarded.ask) for name, value in headers.items()}
        assert guarded.request("POST", "/v1/search", QUESTION, **headers).status_code == 200

    @pytest.mark.parametrize("value", ["{key}", "Basic {key}", "Bearer", "Bearer \x00", "Bearer {key} {key}"])
    def test_header_that_holds_no_key_is_none(self, guarded, value):
        with guarded.server.connect() as connection:
            line = value.format(key=guarded.ask)
            connection.sendall(f"GET /v1/passages/x HTTP/1.1\r\nHost: x\r\nAuthorization: {line}\r\n\r\n".encode())
            assert re.match(rb"HTTP/1.1 40[01] ", connection.recv(4096))

    def test_body_without_a_key_is_not_waited_for(self, guarded):
        with guarded.server.connect() as connection:
            connection.sendall(
                b"POST /v1/answers HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 40\r\n\r\n"
            )
            assert connection.recv(4096).startswith(b"HTTP/1.1 401 ")

    def test_key_works_from_when_it_is_made_until_it_is_revoked(self, guarded):
        key = add_key(guarded.file, "guest", ["ask"])
        assert guarded.request("POST", "/v1/search", QUESTION, key=key).status_code == 200
        revoke_key(guarded.file, "guest")
        is_problem(guarded.request("POST", "/v1/search", QUESTION, key=key), 401)

    def test_damaged_keys_file_lets_nobody_in_and_probes_still_answer(self, guarded):
        whole = guarded.file.read_bytes()
        guarded.file.write_bytes(b"{}}")
        try:
            for key in (None, guarded.ask, guarded.admin):
                detail = is_problem(guarded.request("POST", "/v1/answers", QUESTION, key=key), 503)["detail"]
                assert "lets nobody in" in detail
            assert guarded.request("GET", "/healthz").status_code == 200
        finally:
            guarded.file.write_bytes(whole)
        assert f"{guarded.file}: this is not a whole file of API keys" in guarded.server.log()
        assert guarded.request("POST", "/v1/search", QUESTION, key=guarded.ask).status_code == 200

    def test_no_key_is_logged(self, guarded):
        guarded.request("POST", "/v1/search", QUESTION, key=guarded.ask)
        assert guarded.ask not in guarded.server.log()
        assert guarded.admin not in guarded.server.log()
        assert '"key": "web"' in guarded.server.log()

    def test_openapi_says_which_scope_an_address_needs(self, guarded):
        described = guarded.request("GET", "/openapi.json").json()
        assert set(described["components"]["securitySchemes"]) == {"bearer", "header"}
        answers, index = (described["paths"][path] for path in ("/v1/answers", "/v1/index"))
        assert answers["post"]["security"] == [{"bearer": []}, {"header": []}]
        assert "scope `ask`" in answers["post"]["description"]
        assert "scope `admin`" in index["get"]["description"]
        assert {"401", "403"} <= {str(status) for status in index["get"]["responses"]}
        assert "security" not in described["paths"]["/healthz"]["get"]


class TestWithoutKeys:
    def test_what_people_said_is_at_no_address(self, client):
        is_problem(client.delete("/v1/feedback/some"), 404)

    @pytest.mark.parametrize("path", [*OPEN, "/v1/index", "/metrics"])
    def test_everything_is_open(self, client, path):
        assert client.get(path).status_code == 200

    def test_key_that_nobody_asked_for_does_no_harm(self, client):
        headers = {"Authorization": "Bearer none"}  # OpenAI's clients always send one
        assert client.post("/v1/search", json=QUESTION, headers=headers).status_code == 200

    def test_openapi_asks_for_no_key(self, client):
        assert "securitySchemes" not in client.get("/openapi.json").json()["components"]

    def test_server_says_that_it_serves_this_machine_only(self, server):
        assert "no API keys: 127.0.0.1 is for everyone on this machine and nobody else" in server.log()


class TestStart:
    @pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
    def test_this_machine_needs_no_keys(self, host):
        who_may_use(Settings(host=host, _env_file=None))

    @pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com", "localhost.example.com"])
    def test_other_machines_need_keys_or_an_explicit_word(self, host):
        with pytest.raises(AccessError):
            who_may_use(Settings(host=host, _env_file=None))
        who_may_use(Settings(host=host, open_access=True, _env_file=None))

    def test_refusal_is_one_line_with_both_mends(self, tmp_path, shipped_index):
        ended = rag_support(tmp_path, "serve", index=shipped_index, host="0.0.0.0")
        assert ended.returncode == 1
        assert len(ended.stderr.splitlines()) == 1
        for mend in ("RAG_SUPPORT_HOST=0.0.0.0", "RAG_SUPPORT_KEYS_FILE", "RAG_SUPPORT_OPEN_ACCESS=true"):
            assert mend in ended.stderr

    def test_open_access_is_taken_at_its_word_and_told(self, start, shipped_index):
        server = start(shipped_index, host="0.0.0.0", open_access=True)
        with server.client() as client:
            assert client.post("/v1/answers", json=QUESTION).status_code == 200
        assert "no API keys: 0.0.0.0 is open to everyone who can reach it" in server.log()

    def test_keys_file_that_is_not_there_is_told(self, tmp_path):
        with pytest.raises(KeysError, match=r"none\.json: there is no such file of API keys"):
            who_may_use(Settings(keys_file=tmp_path / "none.json", _env_file=None))


def test_every_route_has_its_place_among_the_addresses(shipped_index):
    """One that has none answers 404: give it a row in addresses.py."""
    app = create_app(Settings(index=shipped_index, _env_file=None))
    routes = {route.path for route in app.routes if getattr(route, "path", "")} | set(app.openapi()["paths"])
    served = {"/static/x" if path.startswith("/static") else path for path in routes}
    places = {path: address_of(path) for path in served}
    assert [path for path, address in places.items() if address is None] == []
    templates = {address.template for address in ADDRESSES}
    assert {path for path in served if path != "/static/x"} <= templates


class TestCommand:
    def test_key_is_printed_once_and_works(self, guarded, tmp_path):
        added = rag_support(tmp_path, "keys", "add", "printed", "--scope", "ask", keys_file=guarded.file)
        assert added.returncode == 0, added.stderr
        assert re.fullmatch(r"rag_sk_[\w-]{43}\n", added.stdout)
        assert guarded.request("POST", "/v1/search", QUESTION, key=added.stdout.strip()).status_code == 200
        listed = rag_support(tmp_path, "keys", "list", keys_file=guarded.file)
        assert re.search(r"^printed  ask  \d{4}-", listed.stdout, re.MULTILINE)
        assert added.stdout.strip() not in listed.stdout
        revoked = rag_support(tmp_path, "keys", "revoke", "printed", keys_file=guarded.file)
        assert revoked.returncode == 0
        is_problem(guarded.request("POST", "/v1/search", QUESTION, key=added.stdout.strip()), 401)

    @pytest.mark.parametrize("arguments", [("add", "x"), ("list",), ("revoke", "x")])
    def test_without_its_setting_it_says_what_to_set(self, tmp_path, arguments):
        ended = rag_support(tmp_path, "keys", *arguments)
        assert ended.returncode == 1
        assert "RAG_SUPPORT_KEYS_FILE is not set" in ended.stderr
