"""The other routes: search, language, passages, index, health, the page and the description of the API."""

import httpx
import pytest
from running import CORPUS, is_problem

QUESTIONS = {"ja": "返品方法を教えてください", "en": "How can I return an item?", "zh": "怎么退货？"}


def found(client: httpx.Client, question: str, **more: object) -> list[dict]:
    return client.post("/v1/search", json={"question": question, **more}).raise_for_status().json()["passages"]


@pytest.mark.parametrize("question", QUESTIONS.values())
def test_search_finds_what_an_answer_is_made_from(client, question):
    answer = client.post("/v1/answers", json={"question": question, "top_k": 4}).json()
    search = client.post("/v1/search", json={"question": question, "top_k": 4}).json()
    assert search == {"passages": answer["passages"], "index": answer["index"]}
    assert len(search["passages"]) == 4


def test_search_finds_the_same_in_each_language(client):
    documents = {found(client, question)[0]["document"] for question in QUESTIONS.values()}
    assert documents <= {"faq/delivery-and-returns.md", "guide/06-delivery-and-returns.md"}


@pytest.mark.parametrize(("language", "question"), QUESTIONS.items())
def test_language_is_told_with_its_reason(client, language, question):
    told = client.post("/v1/language", json={"text": question}).raise_for_status().json()
    assert set(told) == {"language", "confidence", "reason", "variant"}
    assert told["language"] == language
    assert 0 < told["confidence"] <= 1
    assert told["reason"]


def test_language_listens_to_the_browser_where_the_text_does_not_tell(client):
    told = client.post("/v1/language", json={"text": "返品"}, headers={"Accept-Language": "zh-TW"}).json()
    assert told["language"] == "zh"


def test_passage_is_a_slice_of_its_document_with_its_translations(client):
    hit = found(client, QUESTIONS["en"])[0]
    passage = client.get(f"/v1/passages/{hit['passage_id']}").raise_for_status().json()
    assert set(passage) == {
        "passage_id",
        "document",
        "title",
        "heading",
        "text",
        "start",
        "end",
        "language",
        "translations",
    }
    text = (CORPUS / passage["document"]).read_text(encoding="utf-8")
    assert text[passage["start"] : passage["end"]] == passage["text"] == hit["text"]
    assert passage["language"] == "ja"
    assert passage["title"]
    assert passage["heading"] == hit["heading"]
    assert set(passage["translations"]) == {"en", "zh"}
    assert "return" in passage["translations"]["en"]
    assert "退货" in passage["translations"]["zh"]


@pytest.mark.parametrize("passage_id", ["nothing", "%00", "%ff", "..", "' OR 1=1 --", "x" * 3_000, "電話"])
def test_unknown_passage_is_404(client, passage_id):
    is_problem(client.get(f"/v1/passages/{passage_id}"), 404)


def test_index_tells_what_it_was_built_from(client):
    told = client.get("/v1/index").raise_for_status().json()
    assert set(told) == {"index", "created", "embedder", "dimensions", "counts", "left_out"}
    sources = [*CORPUS.glob("faq/*.md"), *CORPUS.glob("guide/*.md")]
    assert told["counts"]["documents"] == len(sources)
    assert told["counts"]["passages"] == dict.fromkeys(("ja", "en", "zh"), told["counts"]["chunks"])
    assert told["counts"]["vectors"] >= 3 * told["counts"]["chunks"]
    assert told["embedder"].startswith("trilingual-static@")
    assert told["left_out"] == []


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_server_with_an_index_is_alive_and_ready(client, path):
    assert client.get(path).raise_for_status().json() == {"status": "ok"}


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/docs", "text/html; charset=utf-8"),
        ("/static/app.js", "text/javascript; charset=utf-8"),
        ("/static/app.css", "text/css; charset=utf-8"),
        ("/static/swagger/swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
    ],
)
def test_pages_are_served_and_may_be_asked_for_by_head(client, path, media_type):
    page, head = client.get(path), client.head(path)
    assert (page.status_code, head.status_code) == (200, 200)
    assert page.headers["content-type"] == head.headers["content-type"] == media_type
    assert page.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["/static/", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static/%00"])
def test_nothing_but_the_page_s_files_is_served(client, path):
    is_problem(client.get(path), 404)


OPENAI = {"post /v1/chat/completions", "get /v1/models"}  # whose clients know another form of errors


@pytest.fixture(scope="module")
def operations(client) -> dict[str, dict]:
    paths = client.get("/openapi.json").raise_for_status().json()["paths"]
    return {f"{method} {path}": operation for path, of in paths.items() for method, operation in of.items()}


class TestOpenApi:
    """What /openapi.json says is what is sent."""

    def test_lists_the_operations(self, operations):
        assert {
            "post /v1/answers",
            "post /v1/search",
            "post /v1/language",
            *OPENAI,
            "get /v1/passages/{passage_id}",
            "get /v1/index",
            "get /healthz",
            "get /readyz",
        } <= set(operations)

    def test_errors_are_problems(self, operations):
        for name in operations.keys() - OPENAI:
            operation = operations[name]
            errors = {status: told for status, told in operation["responses"].items() if status not in ("200", "201")}
            assert "default" in errors, name
            for status, told in errors.items():
                assert set(told["content"]) == {"application/problem+json"}, (name, status)
                schema = told["content"]["application/problem+json"]["schema"]
                assert {"title", "status", "detail"} <= set(schema["required"]), (name, status)

    @pytest.mark.parametrize("status", ["408", "413", "415", "422", "503"])
    def test_a_body_may_be_refused_in_every_way(self, operations, status):
        posts = [operations[name] for name in operations.keys() - OPENAI if name.startswith("post ")]
        assert all(status in operation["responses"] for operation in posts)

    def test_errors_of_the_openai_compatible_addresses_have_the_form_of_openai(self, operations):
        schema = {"$ref": "#/components/schemas/ErrorResponse"}
        for name in OPENAI:
            errors = {
                status: told for status, told in operations[name]["responses"].items() if status not in ("200", "201")
            }
            assert "default" in errors, name
            assert all(told["content"] == {"application/json": {"schema": schema}} for told in errors.values()), name
        assert {"400", "408", "413", "415", "503"} <= set(operations["post /v1/chat/completions"]["responses"])

    @pytest.mark.parametrize("path", ["/v1/answers", "/v1/chat/completions"])
    def test_an_answer_may_be_a_stream(self, operations, path):
        content = operations[f"post {path}"]["responses"]["200"]["content"]
        assert set(content) == {"application/json", "text/event-stream"}

    def test_what_is_sent_is_documented(self, client, operations):
        document = client.get("/openapi.json").json()
        passage_id = found(client, QUESTIONS["en"])[0]["passage_id"]
        for name, response in {
            "post /v1/answers": client.post("/v1/answers", json={"question": QUESTIONS["en"]}),
            "post /v1/search": client.post("/v1/search", json={"question": QUESTIONS["en"]}),
            "post /v1/language": client.post("/v1/language", json={"text": QUESTIONS["en"]}),
            "get /v1/passages/{passage_id}": client.get(f"/v1/passages/{passage_id}"),
            "get /v1/index": client.get("/v1/index"),
            "get /healthz": client.get("/healthz"),
            "get /readyz": client.get("/readyz"),
        }.items():
            reference = operations[name]["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
            schema = document["components"]["schemas"][reference.rpartition("/")[2]]
            assert set(response.json()) == set(schema["properties"]), name
