"""Settings: where they come from, what is refused, and that the README names every one."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from rag_support.config import Settings

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def no_settings_around(monkeypatch, tmp_path):
    """Neither the developer's environment nor a `.env` in the working folder."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"RAG_SUPPORT_{name.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", Settings.model_fields)
def test_readme_names_the_setting_with_its_default(name):
    variable, default = f"RAG_SUPPORT_{name.upper()}", Settings.model_fields[name].default
    rows = [line for line in README.splitlines() if line.startswith(f"| `{variable}` |")]
    assert len(rows) == 1
    assert rows[0].split("|")[2].strip() == ("unset" if default in (None, ()) else f"`{default}`")


@pytest.mark.parametrize("name", Settings.model_fields)
def test_setting_says_what_it_is_for(name):
    assert Settings.model_fields[name].description


def test_defaults_serve_this_machine_only():
    assert Settings().host == "127.0.0.1"


def test_environment_comes_before_the_file_and_the_file_before_the_default(monkeypatch):
    Path(".env").write_text("RAG_SUPPORT_PORT=8001\nRAG_SUPPORT_LOG_LEVEL=debug\nOTHER=1\n")
    monkeypatch.setenv("RAG_SUPPORT_PORT", "8002")
    settings = Settings()
    assert (settings.port, settings.log_level, settings.corpus) == (8002, "debug", Path("corpus"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "-1"),
        ("port", "65536"),
        ("port", "http"),
        ("log_level", "loud"),
        ("fallback_language", "fr"),
        ("keep_snapshots", "0"),
        ("max_concurrency", "0"),
        ("embedder", ""),
        ("rate_limit", "many"),
        ("rate_limit", "0/minute"),
        ("rate_limit", "20000/day"),
        ("trusted_proxies", "proxy.example.com"),
        ("trusted_proxies", "*"),
        ("cors_origins", "www.example.com"),
        ("cors_origins", "https://www.example.com/"),
        ("log_format", "xml"),
        ("otel_endpoint", "localhost:4317"),
        ("generator", "magic"),
        ("llm_url", "localhost"),
        ("llm_timeout_s", "0"),
    ],
)
def test_value_that_cannot_be_is_refused(monkeypatch, name, value):
    monkeypatch.setenv(f"RAG_SUPPORT_{name.upper()}", value)
    with pytest.raises(ValidationError) as caught:
        Settings()
    assert [error["loc"] for error in caught.value.errors()] == [(name,)]


def test_list_is_written_with_commas(monkeypatch):
    monkeypatch.setenv("RAG_SUPPORT_CORS_ORIGINS", "https://a.example, https://b.example:8443,")
    monkeypatch.setenv("RAG_SUPPORT_TRUSTED_PROXIES", "10.0.0.0/8,2001:db8::1")
    settings = Settings()
    assert settings.cors_origins == ("https://a.example", "https://b.example:8443")
    assert settings.trusted_proxies == ("10.0.0.0/8", "2001:db8::1")


def test_settings_do_not_change():
    with pytest.raises(ValidationError, match="frozen"):
        Settings().port = 1
