"""The sockets that are accepted on: bound to what the settings name, unless others were handed over."""

import os
import socket

import pytest

from rag_support.errors import ListenError
from rag_support.service.listening import announce, listening_sockets


def test_address_is_bound_and_told(caplog):
    caplog.set_level("INFO")
    (listener,) = listening_sockets("127.0.0.1", 0)
    with listener, socket.create_connection(listener.getsockname()):
        announce([listener])
        assert f"listening on http://127.0.0.1:{listener.getsockname()[1]}\n" in caplog.text


def test_sockets_announced_to_another_process_are_not_taken(monkeypatch):
    monkeypatch.setenv("LISTEN_PID", str(os.getpid() + 1))
    monkeypatch.setenv("LISTEN_FDS", "1")
    (listener,) = listening_sockets("127.0.0.1", 0)
    listener.close()
    assert "LISTEN_PID" not in os.environ


@pytest.mark.parametrize("host", ["203.0.113.7", "no.such.host.invalid"])
def test_address_of_no_use_is_told_with_the_mend(host):
    with pytest.raises(ListenError, match=rf"cannot listen on {host}:0: .* RAG_SUPPORT_HOST"):
        listening_sockets(host, 0)
