"""The web page and the API's description, with their files; nothing is loaded from outside."""

import importlib.resources
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Response
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

PAGE = Path(__file__).parent.parent / "page"


def mount(app: FastAPI) -> None:
    @app.api_route("/", methods=["GET", "HEAD"], include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(PAGE / "index.html", headers={"Cache-Control": "no-cache"})

    @app.api_route("/docs", methods=["GET", "HEAD"], include_in_schema=False)
    async def docs() -> FileResponse:
        return FileResponse(PAGE / "docs.html", headers={"Cache-Control": "no-cache"})

    swagger_ui = importlib.resources.files("fastapi_offline") / "static"  # so that /docs loads nothing from outside
    app.mount("/static/swagger", _Assets(directory=str(swagger_ui)), name="swagger")
    app.mount("/static", _Assets(directory=PAGE), name="static")


class _Assets(StaticFiles):
    """The page's files; names carry no version, so a browser asks whether they changed."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "no-cache"
        return response
