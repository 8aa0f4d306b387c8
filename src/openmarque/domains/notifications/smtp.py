"""Hands mails to a mail server: the brand's, or the embedded mailbox of a laptop. Encrypted, unless the server is on this machine."""

from email.message import EmailMessage
from typing import Final, Protocol

import aiosmtplib

from openmarque.domains.notifications.errors import CarryFailed
from openmarque.engines.mailbox import mail_server
from openmarque.kit.settings import Settings

_TIMEOUT_S: Final = 20.0
_FINAL: Final = 500


class Carrier(Protocol):
    """Takes mails away."""

    async def carry(self, message: EmailMessage) -> None:
        """Hand over `message`; done only when the other side has taken responsibility for it. Raises ``CarryFailed``."""
        ...


class SmtpCarrier:
    """``Carrier`` by SMTP (RFC 5321), one connection for each mail."""

    def __init__(self, settings: Settings) -> None:
        """Hand mails to the server of `settings`; which one that is, is looked up each time (the mailbox may start later)."""
        self._settings = settings

    async def carry(self, message: EmailMessage) -> None:
        """See ``Carrier.carry``."""
        server = mail_server(self._settings)
        if server is None:
            raise CarryFailed("There is no mail server yet.")
        try:
            await aiosmtplib.send(
                message,
                hostname=server.host,
                port=server.port,
                username=server.user,
                password=server.password,
                use_tls=server.tls,
                start_tls=server.starttls,
                timeout=_TIMEOUT_S,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise CarryFailed("The address was refused.", final=all(r.code >= _FINAL for r in error.recipients)) from None
        except aiosmtplib.SMTPDataError as error:
            raise CarryFailed("The mail was refused.", final=error.code >= _FINAL) from None
        except (aiosmtplib.SMTPException, OSError) as error:
            raise CarryFailed(f"({type(error).__name__})") from None
