"""Makes the mail that leaves from a letter and its template: headers, text, and the same as simple HTML."""

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from html import escape
from typing import Final
from uuid import UUID

from openmarque.domains.notifications.service import Letter
from openmarque.domains.notifications.templates import Template
from openmarque.kit.clock import require_aware
from openmarque.kit.texts import texts

_STYLE: Final = (
    "font:16px/1.5 system-ui,sans-serif;max-width:36rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff"
)


def compose(
    letter: Letter, template: Template, *, mail_id: UUID, sender: str, brand: str, app: str, at: datetime
) -> EmailMessage:
    """The mail. `sender` as ``Name <address>``; `app` is where its link leads; `at` is when it was written (aware).

    The same letter always has the same Message-ID, so that a receiver knows one that was sent twice. A value can't add a header:
    the library refuses line ends in them, and fields have none (``Mailer``).
    """
    said = texts(letter.language)
    fields = {**letter.fields, "brand": brand}
    if template.path:
        fields["link"] = f"{app}{template.path}#{letter.fields['token']}"
    name, address = parseaddr(sender)
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(name, addr_spec=address)
    message["To"] = Address(addr_spec=letter.email)
    message["Subject"] = said.text(template.headline, **fields)
    message["Date"] = format_datetime(require_aware(at))
    message["Message-ID"] = f"<{mail_id.hex}@{address.rpartition('@')[2]}>"
    # RFC 3834 §5: no automatic reply is wanted to what no person wrote.
    message["Auto-Submitted"] = "auto-generated"
    paragraphs = template.paragraphs(said, fields)
    message.set_content("\n\n".join(paragraphs) + "\n")
    message.add_alternative(_html(paragraphs, fields.get("link", ""), said.language), subtype="html")
    return message


def _html(paragraphs: tuple[str, ...], link: str, language: str) -> str:
    shown = (f'<a href="{escape(link)}">{escape(link)}</a>' if link and part == link else escape(part) for part in paragraphs)
    body = "".join(f"<p>{part}</p>" for part in shown)
    return f'<!doctype html><html lang="{escape(language)}"><body style="{_STYLE}">{body}</body></html>\n'
