"""Settings: the one place that reads the environment and `.env`.

Only `cli.py` and `service.app.create_app` build Settings; everything else is handed the values it needs.
"""

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, HttpUrl, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

SHIPPED_EMBEDDER = "trilingual-static"

_MAX_LIMIT_REQUESTS = 10_000  # the times of so many are remembered


def _listed(value: Any) -> Any:
    """A list as people write it in one variable: "a, b"."""
    return tuple(item.strip() for item in value.split(",") if item.strip()) if isinstance(value, str) else value


Listed = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)]


class Settings(BaseSettings):
    """Each field is set by the environment variable RAG_SUPPORT_<FIELD>, or by the same line in `.env`."""

    model_config = SettingsConfigDict(env_prefix="RAG_SUPPORT_", env_file=".env", extra="ignore", frozen=True)

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8000, ge=0, le=65535, description="port to listen on; 0 lets the system choose")
    workers: int = Field(1, ge=1, le=64, description="processes that answer, behind one socket")
    corpus: Path = Field(Path("corpus"), description="folder with the source documents")
    index: Path = Field(Path("index"), description="folder with the built snapshots")
    embedder: str = Field(
        SHIPPED_EMBEDDER,
        min_length=1,
        description="the shipped model, a SentenceTransformer folder, or a hub name",
    )
    query_prefix: str | None = Field(
        None, max_length=1000, description="put before a question for the model, as in `query: `; else what it brings"
    )
    passage_prefix: str | None = Field(
        None, max_length=1000, description="the same before a passage, as in `passage: `; after a change, `make index`"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="least severe level logged")
    fallback_language: Literal["ja", "en", "zh"] = Field(
        "en", description="answer language when the question's own is not served or cannot be told"
    )
    keep_snapshots: int = Field(3, ge=1, le=100, description="snapshots kept for going back, the live one included")
    max_concurrency: int = Field(
        64, ge=1, description="requests that a worker takes in at once; more get 503 with Retry-After"
    )
    keys_file: Path | None = Field(
        None, description="file of API keys, made by `rag-support keys add`; unset, no keys are asked for"
    )
    open_access: bool = Field(
        False, description="serve other machines without API keys, since a proxy in front asks who people are"
    )
    rate_limit: str | None = Field(
        None, description="requests that one key, or one address, may make, as in `120/minute` or `10/second;1000/hour`"
    )
    trusted_proxies: Listed = Field(
        (), description="addresses or networks of proxies whose X-Forwarded-For is believed, separated by commas"
    )
    cors_origins: Listed = Field(
        (), description="origins whose pages may call the API from a browser, separated by commas, or `*`"
    )
    log_format: Literal["text", "json"] = Field("text", description="one line of text, or of JSON, for each record")
    log_questions: bool = Field(False, description="have the access log show what people ask")
    otel_endpoint: str | None = Field(
        None,
        pattern=r"^https?://\S+$",
        description="OTLP/HTTP collector that gets traces, as in `http://localhost:4318`; needs the extra `otel`",
    )

    @field_validator("rate_limit")
    @classmethod
    def _known_limit(cls, value: str | None) -> str | None:
        if value is not None:
            from limits import parse_many

            if any(not 0 < limit.amount <= _MAX_LIMIT_REQUESTS for limit in parse_many(value)):
                raise ValueError(f"a limit is 1 to {_MAX_LIMIT_REQUESTS:,} requests; for more, name a shorter time")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:  # uvicorn would take what it cannot read for a name that never matches
            ipaddress.ip_network(network)
        return value

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            if origin != "*" and not re.fullmatch(r"https?://[^\s/*]+", origin):
                raise ValueError(f"{origin!r} is no origin: write it as https://www.example.com, without a path")
        return value

    generator: Literal["extractive", "transformers", "openai"] = Field(
        "extractive", description="who words the answers: quotation, a model in this process, a model server"
    )
    llm_model: str | None = Field(
        None, min_length=1, description="a chat model folder or hub name; for openai the server's name of it"
    )
    llm_url: HttpUrl | None = Field(None, description="an OpenAI-compatible server, up to `/v1`")
    llm_key: SecretStr | None = Field(None, description="its key, where it wants one")
    llm_timeout_s: float = Field(
        20.0,
        gt=0,
        le=600,
        description="seconds to wait for the model's next word; a whole answer gets three times that",
    )
    llm_concurrency: int = Field(
        8, ge=1, le=1000, description="answers written at once by a server; as many again wait, more are quoted"
    )
    llm_evidence_tokens: int = Field(1500, ge=100, description="longest evidence shown to the model, in tokens")
    llm_answer_tokens: int = Field(400, ge=16, description="longest answer the model may write, in tokens")
    feedback_url: str = Field(
        "sqlite:///var/feedback.sqlite",
        pattern=r"^(sqlite:///.|postgresql(\+psycopg)?://.)",
        repr=False,  # it may hold a password
        description="database for feedback: `sqlite:///…`, or `postgresql://…` with the extra `postgresql`",
    )
    question_log: bool = Field(False, description="whether to keep every question, not only those with feedback")
    retention_days: int = Field(
        90, ge=0, le=36_500, description="how long feedback and questions are kept; 0: for ever"
    )
