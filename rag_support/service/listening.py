"""The sockets that the service accepts on: handed over by what started it, or bound here.

Handed-over sockets (systemd's socket activation, sd_listen_fds(3)) outlive the service: who connects while it restarts
waits in their queue, and nobody is refused.
"""

import logging
import os
import socket
from collections.abc import Sequence

from rag_support.errors import ListenError

logger = logging.getLogger(__name__)

_FIRST_HANDED_OVER = 3
_BACKLOG = 2048  # connections that wait to be accepted


def listening_sockets(host: str, port: int) -> Sequence[socket.socket]:
    """At least one. Raises ListenError."""
    return _handed_over() or _bound(host, port)


def announce(sockets: Sequence[socket.socket]) -> None:
    for listener in sockets:
        name = listener.getsockname()  # a path, where systemd hands over a Unix socket
        if isinstance(name, tuple):
            host, port = name[:2]
            name = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        logger.info("listening on %s", name)


def _handed_over() -> Sequence[socket.socket]:
    """Not settings but a message to this very process, which its children must not take for one to them."""
    process, count = os.environ.pop("LISTEN_PID", ""), os.environ.pop("LISTEN_FDS", "")
    if process != str(os.getpid()) or not count.isdigit():
        return []
    try:
        return [socket.socket(fileno=_FIRST_HANDED_OVER + number) for number in range(int(count))]
    except OSError as error:
        raise ListenError(f"the {count} sockets that LISTEN_FDS announces are not there ({error.strerror}).") from error


def _bound(host: str, port: int) -> Sequence[socket.socket]:
    try:
        # a name may stand for several addresses, as localhost does
        addresses = dict.fromkeys(
            (family, address[:2])
            for family, _, _, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        )
        return [socket.create_server(address, family=family, backlog=_BACKLOG) for family, address in addresses]
    except OSError as error:
        raise ListenError(
            f"cannot listen on {host}:{port}: {error.strerror}. Stop what listens there, or set RAG_SUPPORT_HOST and "
            "RAG_SUPPORT_PORT to an address of this machine that is free."
        ) from error
