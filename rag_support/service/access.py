"""Who may use an address, and how often: pure ASGI middleware before any body is read.

With keys, a request brings one (`Authorization: Bearer …`, as OpenAI's clients send it, or `X-API-Key`) that has the
address's scope; a file of keys that cannot be read lets nobody in. Without keys everyone who reaches the port may ask,
so the server listens on this machine only. What people asked is shown and deleted by commands, at no address.
"""

from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag_support.errors import KeysError
from rag_support.service.addresses import Address, address_of
from rag_support.service.keys import Key, LiveKeys
from rag_support.service.problems import NOTHING_HERE, problem
from rag_support.service.record import current_record
from rag_support.service.routing import problems

if TYPE_CHECKING:  # the library behind it is loaded only where there are limits
    from rag_support.service.rate_limits import RateLimit


class AccessMiddleware:
    def __init__(self, app: ASGIApp, keys: LiveKeys | None, rate: "RateLimit | None") -> None:
        self._app = app
        self._keys = keys
        self._rate = rate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        address = address_of(scope["path"])
        if address is None:
            await problem(404, NOTHING_HERE)(scope, receive, send)
        elif address.scope is None:
            await self._app(scope, receive, send)
        else:
            await self._admit(address, scope, receive, send)

    async def _admit(self, address: Address, scope: Scope, receive: Receive, send: Send) -> None:
        record = current_record()
        app = self._app
        try:
            key, presented = self._key(scope)
        except KeysError:  # logged where it was found
            await problem(503, _NOBODY)(scope, receive, send)
            return
        if refused := self._refusal(address, key, presented):
            app, record.rejected = refused, "key"
        if self._rate:
            taken = self._rate.take(scope, key.name if key else None)
            send = _with_headers(send, taken.headers)
            if not taken.allowed:
                app = problem(429, f"Too many requests. Try again in {taken.wait_seconds} seconds.")
                record.rejected = "rate"
        await app(scope, receive, send)

    def _key(self, scope: Scope) -> tuple[Key | None, bool]:
        """The known key that a request brings, and whether it brings any. Raises KeysError."""
        if self._keys is None:
            return None, False
        presented = _presented(scope)
        key = self._keys.find(presented or b"")
        if key:
            current_record().key = key.name
        return key, presented is not None

    def _refusal(self, address: Address, key: Key | None, presented: bool) -> ASGIApp | None:
        if self._keys is None:
            return None
        if key is None:
            detail, error = (_UNKNOWN_KEY, ', error="invalid_token"') if presented else (_NO_KEY, "")
            return problem(401, detail, headers={"WWW-Authenticate": f'Bearer realm="rag-support"{error}'})
        if address.scope not in key.scopes:
            challenge = f'Bearer realm="rag-support", error="insufficient_scope", scope="{address.scope}"'
            detail = f"This key is not for this address: its owner needs one with the scope {address.scope}."
            return problem(403, detail, headers={"WWW-Authenticate": challenge})
        return None


_NOBODY = "The service's API keys cannot be read, so it lets nobody in. Tell its operator."
_NO_KEY = "This service asks for an API key. Send it as `Authorization: Bearer …` or as `X-API-Key: …`."
_UNKNOWN_KEY = "This API key is not known; it may have been revoked. Ask the service's operator for another."


def _presented(scope: Scope) -> bytes | None:
    other = None
    for name, value in scope["headers"]:
        if name == b"authorization":
            scheme, _, text = value.strip().partition(b" ")
            if scheme.lower() == b"bearer":
                return bytes(text.strip())
        elif name == b"x-api-key":
            other = bytes(value.strip())
    return other


def _with_headers(send: Send, headers: list[tuple[bytes, bytes]]) -> Send:
    async def marked(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *headers]}
        await send(message)

    return marked


def describe_keys(app: FastAPI) -> None:
    """Have the app's OpenAPI say where a key is needed; used only where the service has keys."""
    plain = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema:
            return app.openapi_schema
        schema = plain()
        schema.setdefault("components", {})["securitySchemes"] = _SCHEMES
        for path, operations in schema["paths"].items():
            address = address_of(path)
            if address is None or address.scope is None:
                continue
            for operation in operations.values():
                operation["security"] = [{name: []} for name in _SCHEMES]
                needs = f"The key needs the scope `{address.scope}`."
                operation["description"] = f"{operation.get('description', '')}\n\n{needs}".strip()
                operation["responses"] |= problems(401, 403)
        return schema

    app.openapi = described  # type: ignore[method-assign]


_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "made by `rag-support keys add`"},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "the same key"},
}
