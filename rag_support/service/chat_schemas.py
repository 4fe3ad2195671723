"""Requests and responses of the OpenAI-compatible addresses, as far as they bear on an answer from the sources.

What only steers how a model writes (temperature, max_tokens, tools it may use …) is taken and left alone; what would
make another thing of the answer is refused by name.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from rag_support.conversation import MAX_TURNS
from rag_support.errors import QuestionError
from rag_support.question import clean_question
from rag_support.service.schemas import AnswerResponse, Text

MODEL = "rag-support"


def _joined(content: object) -> object:
    """Text given in parts as one; any other part is no question."""
    if not isinstance(content, list):
        return content
    texts = [part.get("text") if isinstance(part, dict) and part.get("type") == "text" else None for part in content]
    known = [text for text in texts if isinstance(text, str)]
    if len(known) < len(texts):
        raise ValueError("only text is understood; leave images, sound and files out.")
    if not all(map(str.strip, known)):
        raise ValueError("a part of the text is empty.")
    return "\n".join(known)


def _as_written(value: object) -> object:
    """Python takes 0 for false and true for 1; JSON does not."""
    if value is True or (value == 0 and value is not False):
        raise ValueError("it is of another type.")
    return value


def _askable(text: str) -> str:
    try:
        clean_question(text)
    except QuestionError as error:
        raise ValueError(str(error)) from error
    return text


class _TextPart(BaseModel):
    type: Literal["text"]
    text: Text


_Content = Text | Annotated[list[_TextPart], Field(min_length=1)]


class _Ignoring(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class AskingMessage(_Ignoring):
    role: Literal["user"]
    content: Annotated[str, BeforeValidator(_joined, json_schema_input_type=_Content), AfterValidator(_askable)]


class OtherMessage(_Ignoring):
    """Not read: the sources decide, and answers of earlier turns hold other subjects too."""

    role: Literal["system", "developer", "assistant", "tool", "function"]


Message = Annotated[AskingMessage | OtherMessage, Field(discriminator="role")]


class _TextFormat(_Ignoring):
    type: Literal["text"]


class StreamOptions(_Ignoring):
    include_usage: bool = Field(False, strict=True)


class ChatRequest(_Ignoring):
    model: str = Field(MODEL, max_length=200, description="any; there is one")
    messages: list[Message] = Field(
        max_length=1000,
        description=f"the user's last one is the question; of the user's earlier ones the last {MAX_TURNS} are read",
        json_schema_extra={"contains": {"properties": {"role": {"const": "user"}}}},
    )
    stream: bool | None = Field(None, strict=True)
    stream_options: StreamOptions | None = None
    n: Annotated[Literal[1], BeforeValidator(_as_written)] | None = None
    logprobs: Annotated[Literal[False], BeforeValidator(_as_written)] | None = None
    modalities: list[Literal["text"]] | None = None
    response_format: _TextFormat | None = None
    tool_choice: Literal["auto", "none"] | None = Field(None, description="no tool is ever called")
    function_call: Literal["auto", "none"] | None = None

    @field_validator("messages")
    @classmethod
    def _hold_a_question(cls, messages: list[Message]) -> list[Message]:
        if not any(isinstance(message, AskingMessage) for message in messages):
            raise ValueError("there has to be a message of the user's, the question.")
        return messages

    @property
    def questions(self) -> list[str]:
        """What the user asked, the question itself last."""
        return [message.content for message in self.messages if isinstance(message, AskingMessage)]


class Usage(BaseModel):
    """Always zero: what an answer costs is not counted in tokens."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0


class AssistantMessage(BaseModel):
    role: Literal["assistant"] = "assistant"
    content: str = Field(description="the answer, and under it a footnote for each citation")
    refusal: None = Field(None, description="a refusal is the content; which kind it is stands in rag_support")


class Choice(BaseModel):
    index: Literal[0] = 0
    message: AssistantMessage
    logprobs: None = None
    finish_reason: Literal["stop"] = "stop"


class ChatCompletion(BaseModel):
    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int = Field(description="seconds since 1970")
    model: str = MODEL
    choices: list[Choice]
    usage: Usage = Usage()
    rag_support: AnswerResponse = Field(description="the whole answer, as POST /v1/answers gives it")


class ChunkChoice(BaseModel):
    index: Literal[0] = 0
    delta: dict[Literal["role", "content"], str]
    finish_reason: Literal["stop"] | None = None


class ChatCompletionChunk(BaseModel):
    id: str
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"
    created: int
    model: str = MODEL
    choices: list[ChunkChoice]
    usage: Usage | None = None
    rag_support: AnswerResponse | None = Field(None, description="in the chunk that ends the answer")


class ModelResponse(BaseModel):
    id: str = MODEL
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str = MODEL


class ModelsResponse(BaseModel):
    object: Literal["list"] = "list"
    data: list[ModelResponse] = [ModelResponse()]


class ErrorDetail(BaseModel):
    message: str
    type: str
    param: str | None = Field(description="the field that is not usable")
    code: str | None


class ErrorResponse(BaseModel):
    error: ErrorDetail
