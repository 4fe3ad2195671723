"""Pages of other origins that may call the API from a browser; none unless a setting names them."""

from collections.abc import Sequence

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware


def allow_other_origins(app: FastAPI, origins: Sequence[str]) -> None:
    """Keys travel in a header that the page's script sets, so no cookie or other credential of a browser is let in."""
    app.add_middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_methods=["GET", "POST"],
        allow_headers=["Authorization", "X-API-Key", "X-Request-ID"],
        expose_headers=["RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-ID"],
    )
