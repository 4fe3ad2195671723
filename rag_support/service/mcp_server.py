"""The tools of the service for programs that speak the Model Context Protocol, over standard input and output.

Arguments and results are those of the HTTP API; whatever a caller can mend comes back as the tool's error, in words.
Left out on purpose: a transport over the network, which would need the guards that the HTTP API has.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from rag_support import __version__
from rag_support.config import Settings
from rag_support.conversation import MAX_TURNS
from rag_support.embedding import configured_embedder
from rag_support.errors import MissingExtra, RagSupportError
from rag_support.pipeline import Pipeline
from rag_support.question import MAX_CHARS
from rag_support.service.live import LiveIndex
from rag_support.service.schemas import AnswerResponse, HitResponse, PassageResponse, SearchResponse, TopK

if TYPE_CHECKING:
    from mcp.server import MCPServer

_INSTRUCTIONS = (
    "Customer-support questions in Japanese, English or Chinese, answered from a Japanese guide. Every statement of an "
    "answer ends in [n], the number of a citation whose quote is the guide's own text. Keep the numbers with what you "
    "pass on, add nothing that the answer does not say, and where it abstains say that the guide does not answer."
)

# how long a question may be is checked where every question is, whose error says what to do
_Question = Annotated[
    str, Field(description=f"in Japanese, English or Chinese, at most {MAX_CHARS:,} characters; asked on its own")
]
_Conversation = Annotated[
    tuple[str, ...],
    Field(max_length=100, description=f"earlier questions of the user, oldest first; the last {MAX_TURNS} are read"),
]
_Language = Annotated[
    Literal["auto", "ja", "en", "zh"], Field(description="language of the answer; auto is that of the question")
]


def serve(settings: Settings) -> None:
    """Serve one client until it closes standard input. Raises EmbedderError, MissingExtra.

    Nothing but the protocol is written to standard output; a missing index is told by the tools, until there is one.
    """
    live = LiveIndex(settings, configured_embedder(settings))
    server = _tools(live)
    live.look()
    try:
        server.run("stdio")
    finally:
        asyncio.run(live.close())


def _tools(live: LiveIndex) -> "MCPServer[None]":
    try:
        from mcp.server import MCPServer
        from mcp.server.mcpserver.exceptions import ToolError
        from mcp_types import ToolAnnotations
    except ImportError as error:
        raise MissingExtra("rag-support mcp", "mcp") from error

    def pipeline() -> Pipeline:
        live.look()  # nobody else does: there is one client, and no loop to watch beside it
        return live.pipeline()

    @contextmanager
    def told() -> Iterator[None]:
        try:
            yield
        except RagSupportError as error:
            raise ToolError(str(error)) from error

    server: MCPServer[None] = MCPServer("rag-support", version=__version__, instructions=_INSTRUCTIONS)
    reading = ToolAnnotations(read_only_hint=True, open_world_hint=False)

    @server.tool(annotations=reading)
    async def answer(
        question: _Question, language: _Language = "auto", conversation: _Conversation = ()
    ) -> AnswerResponse:
        """Answer a customer's question from the guide, in the language of the question.

        The answer's statements end in the numbers of their citations, each with the guide's own Japanese words and
        their place; conflicts lists where the guide disagrees with itself. Where the guide does not answer, abstained
        is true and the answer says so. Give the earlier questions as conversation, and "and at night?" is understood.
        """
        with told():
            return AnswerResponse.of(await pipeline().written(question, language, conversation=conversation))

    @server.tool(annotations=reading)
    async def search(question: _Question, top_k: TopK = 10) -> SearchResponse:
        """The passages of the guide that a question finds, best first, always in Japanese.

        For reading around an answer, or where it abstained; answer gives the statements themselves.
        """
        with told():
            asked = pipeline()
            passages = [HitResponse.of(hit) for hit in asked.search(question, top_k)]
            return SearchResponse(passages=passages, index=asked.index_id)

    @server.tool(annotations=reading)
    async def passage(
        passage_id: Annotated[str, Field(description="as in the citations and passages of the other tools")],
    ) -> PassageResponse:
        """One passage of the guide, with its place in its document and its reviewed translations."""
        with told():
            chunk = pipeline().retriever.passages.by_id(passage_id)
        if chunk is None:
            raise ToolError("The live index holds no passage with this id; ids change when their text does. Search.")
        return PassageResponse.of(chunk)

    return server
