"""Settings: the one place that reads the environment and `.env`.

Only `cli.py` and `service.app.create_app` build Settings; everything else is handed the values it needs.
"""

from pathlib import Path
from typing import Literal

from pydantic import Field, HttpUrl, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

SHIPPED_EMBEDDER = "trilingual-static"


class Settings(BaseSettings):
    """Each field is set by the environment variable RAG_SUPPORT_<FIELD>, or by the same line in `.env`."""

    model_config = SettingsConfigDict(env_prefix="RAG_SUPPORT_", env_file=".env", extra="ignore", frozen=True)

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8000, ge=0, le=65535, description="port to listen on; 0 lets the system choose")
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
    max_concurrency: int = Field(64, ge=1, description="requests handled at once; more get 503 with Retry-After")
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
