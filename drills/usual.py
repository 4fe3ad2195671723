"""The usual way to serve the same answers, which the negative controls of the drills harm: FastAPI and uvicorn alone.

One process that nobody looks after takes in whatever comes, and answers from files that it reads at the start and again
when it is told to (SIGHUP). With `leaks` it keeps something of every answer, as a service may without anybody noticing.
"""

import os
import signal
from pathlib import Path

from fastapi import FastAPI, Response
from pydantic import BaseModel

from bench.servers import Program, uvicorn
from drills.in_place import unchecked
from rag_support import snapshot
from rag_support.config import SHIPPED_EMBEDDER
from rag_support.embedding import load_embedder
from rag_support.pipeline import Pipeline
from rag_support.service.routing import json_response
from rag_support.service.schemas import AnswerResponse

_KEPT_BYTES = 500_000  # of an answer, and a descriptor: little ones would fit into memory that the process has to spare


def usual(index: Path, leaks: bool = False) -> Program:
    variables = {"USUAL_INDEX": str(index)} | ({"USUAL_LEAKS": "1"} if leaks else {})
    return uvicorn("the usual way", "drills.usual:create_app", variables, 1)


class Question(BaseModel):
    question: str


def create_app() -> FastAPI:
    index = Path(os.environ["USUAL_INDEX"])
    leaks = "USUAL_LEAKS" in os.environ
    embedder = load_embedder(SHIPPED_EMBEDDER)
    kept: list[tuple[bytes, int]] = []

    def read() -> Pipeline:
        with unchecked():
            return Pipeline.of_snapshot(index / snapshot.current_id(index), embedder, "en")

    pipeline = read()

    def read_again(*_: object) -> None:
        nonlocal pipeline
        pipeline = read()

    signal.signal(signal.SIGHUP, read_again)
    app = FastAPI()

    @app.post("/v1/answers")
    async def answers(asked: Question) -> Response:
        answer = pipeline.answer(asked.question)
        if leaks:
            kept.append((os.urandom(_KEPT_BYTES), os.open(os.devnull, os.O_RDONLY)))
        return json_response(AnswerResponse.of(answer))

    return app
