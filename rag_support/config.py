"""Settings: the one place that reads the environment and `.env`.

Only `cli.py` and `service.app.create_app` build Settings; everything else is handed the values it needs.
"""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

SHIPPED_EMBEDDER = "trilingual-static"


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
