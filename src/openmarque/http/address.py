"""Where the owner's app is, as it is written in mails and on head units."""

from typing import Final

from openmarque.engines.process import Ports
from openmarque.kit.settings import Settings

PORT_NAME: Final = "http"
"""Under which the port taken for ``port = 0`` is kept in the home (``engines.process.Ports``)."""
_EVERYWHERE: Final = frozenset({"0.0.0.0", "::"})


def web_address(settings: Settings) -> str:
    """The setting ``app_url``, else the address on which the web interface listens; without a slash at its end.

    With ``port = 0`` the port is known once the API has run in this home.
    """
    if settings.app_url:
        return settings.app_url.rstrip("/")
    host = "127.0.0.1" if settings.host in _EVERYWHERE else settings.host
    host = f"[{host}]" if ":" in host else host
    return f"http://{host}:{settings.port or Ports(settings.run_dir).known(PORT_NAME)}"
