"""Other origins' pages: shut out unless a setting names them."""

from collections.abc import Iterator

import httpx
import pytest
from running import Server, running

from rag_support.service.keys import add_key

ELSEWHERE = {"Origin": "https://shop.example.com"}
PREFLIGHT = {
    **ELSEWHERE,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type",
}


def granted(response: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if name.startswith("access-control-")}


@pytest.fixture(scope="module")
def open_to_one(shipped_index, tmp_path_factory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("cors")
    add_key(folder / "keys.json", "web", ["ask"])
    origins = "https://shop.example.com, https://help.example.com"
    with running(folder, shipped_index, cors_origins=origins, keys_file=folder / "keys.json") as server:
        yield server


def test_no_origin_is_granted_anything_by_default(client):
    assert granted(client.get("/v1/index", headers=ELSEWHERE)) == {}
    assert granted(client.options("/v1/answers", headers=PREFLIGHT)) == {}


def test_named_origin_may_ask_with_a_key(open_to_one):
    with open_to_one.client() as client:
        response = client.options("/v1/answers", headers=PREFLIGHT)
    assert response.status_code == 200
    assert granted(response)["access-control-allow-origin"] == "https://shop.example.com"
    assert "Authorization" in granted(response)["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in granted(response)


def test_named_origin_can_read_refusals_and_their_headers(open_to_one):
    with open_to_one.client() as client:
        response = client.post("/v1/answers", json={"question": "hours?"}, headers=ELSEWHERE)
    assert response.status_code == 401
    assert granted(response)["access-control-allow-origin"] == "https://shop.example.com"
    assert "X-Request-ID" in granted(response)["access-control-expose-headers"]


def test_other_origin_is_granted_nothing(open_to_one):
    other = {"Origin": "https://evil.example.com"}
    with open_to_one.client() as client:
        assert client.options("/v1/answers", headers=PREFLIGHT | other).status_code == 400
        assert "access-control-allow-origin" not in client.get("/healthz", headers=other).headers
