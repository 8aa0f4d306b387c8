"""Makes the mail that leaves from a letter and its template: headers, text, and the same as simple HTML."""

from collections.abc import Mapping
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

_LANGUAGE: Final = "en"
"""For an account whose language no mail has."""
_LINK: Final = "{link}"
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
    text = template.texts.get(letter.language) or template.texts[_LANGUAGE]
    fields = {**letter.fields, "brand": brand}
    if template.path:
        fields["link"] = f"{app}{template.path}#{letter.fields['token']}"
    name, address = parseaddr(sender)
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(name, addr_spec=address)
    message["To"] = Address(addr_spec=letter.email)
    message["Subject"] = text.subject.format_map(fields)
    message["Date"] = format_datetime(require_aware(at))
    message["Message-ID"] = f"<{mail_id.hex}@{address.rpartition('@')[2]}>"
    # RFC 3834 §5: no automatic reply is wanted to what no person wrote.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_plain(text.paragraphs, fields))
    message.add_alternative(_html(text.paragraphs, fields, letter.language), subtype="html")
    return message


def _plain(paragraphs: tuple[str, ...], fields: Mapping[str, str]) -> str:
    return "\n\n".join(paragraph.format_map(fields) for paragraph in paragraphs) + "\n"


def _html(paragraphs: tuple[str, ...], fields: Mapping[str, str], language: str) -> str:
    parts = []
    for paragraph in paragraphs:
        if paragraph == _LINK:
            link = escape(fields["link"])
            parts.append(f'<p><a href="{link}">{link}</a></p>')
        else:
            parts.append(f"<p>{escape(paragraph.format_map(fields))}</p>")
    return f'<!doctype html><html lang="{escape(language)}"><body style="{_STYLE}">{"".join(parts)}</body></html>\n'
