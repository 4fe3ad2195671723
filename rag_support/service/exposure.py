"""Who will be able to use a service that is about to listen: without API keys, this machine only."""

import ipaddress
import logging

from rag_support.config import Settings
from rag_support.errors import AccessError
from rag_support.service.keys import LiveKeys

logger = logging.getLogger(__name__)


def check_exposure(settings: Settings) -> None:
    """Say who can use the service that is about to listen. Raises AccessError where that would be anybody, and
    KeysError where it would be nobody.
    """
    if settings.keys_file:
        LiveKeys(settings.keys_file).all()
    elif _this_machine_only(settings.host):
        logger.info("no API keys: listening on %s, for everyone on this machine and nobody else", settings.host)
    elif settings.open_access:
        logger.warning(
            "no API keys on %s: open to everyone who can reach it, as RAG_SUPPORT_OPEN_ACCESS says", settings.host
        )
    else:
        raise AccessError(
            f"RAG_SUPPORT_HOST={settings.host} is open to other machines, and there are no API keys. Make a key with "
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
