"""What any answer over HTTP costs here: bare FastAPI that parses the same JSON and returns one of the same size.

Served by the same uvicorn, with the same event loop and parser. BENCH_REPLY names a file with a reply of ours.
"""

import json
import os
from pathlib import Path
from typing import Any

import pydantic_core
from fastapi import FastAPI, Response
from pydantic import BaseModel


class Question(BaseModel):
    question: str


def create_app() -> FastAPI:
    reply: Any = json.loads(Path(os.environ["BENCH_REPLY"]).read_text(encoding="utf-8"))
    app = FastAPI()

    @app.post("/v1/answers")
    async def answers(body: Question) -> Response:  # noqa: ARG001 (parsed, as ours is)
        return Response(pydantic_core.to_json(reply), media_type="application/json")

    return app
