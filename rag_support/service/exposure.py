"""Who will be able to use a service that is about to listen: without API keys, this machine only."""

import ipaddress

from rag_support.config import Settings
from rag_support.errors import AccessError
from rag_support.service.keys import read_keys


def who_may_use(settings: Settings) -> str:
    """In words. Raises AccessError where it would be anybody, and KeysError where it would be nobody."""
    where = settings.host
    if settings.keys_file:
        count = len(read_keys(settings.keys_file))
        return f"API keys: {where} is for those with one of the {count} in {settings.keys_file}"
    if _this_machine_only(where):
        return f"no API keys: {where} is for everyone on this machine and nobody else"
    if settings.open_access:
        return f"no API keys: {where} is open to everyone who can reach it, as RAG_SUPPORT_OPEN_ACCESS says"
    raise AccessError(
        f"RAG_SUPPORT_HOST={where} is open to other machines, and there are no API keys. Make a key with "
        "`rag-support keys add NAME` and name its file in RAG_SUPPORT_KEYS_FILE; or, where a proxy in front asks "
        "who people are, set RAG_SUPPORT_OPEN_ACCESS=true."
    )


def _this_machine_only(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:  # another name, which may lead anywhere
        return False
