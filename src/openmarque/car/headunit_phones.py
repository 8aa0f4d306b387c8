"""The part of the head-unit page about phones: which the car knows, removing one, and the code by which it gets to know one. REQ RC-7.

The code is shown only after someone in the car asked for it. It is the address of the owner's app with the secret behind ``#``, which a
browser sends to no server; the QR code is drawn here (SVG inside the page, nothing from elsewhere), with the same link as text below.
"""

from collections.abc import Mapping
from html import escape
from io import BytesIO
from typing import Any, Final

import segno

from openmarque.car.core import CarCore
from openmarque.car.digital_keys import MOST_PHONES
from openmarque.car.model import Now
from openmarque.kit.clock import from_ms
from openmarque.kit.ids import wire
from openmarque.kit.texts import Texts, texts
from openmarque.protocol.commands import b64url

STYLE: Final = """
.qr { background: #fff; border-radius: .5rem; display: inline-block; padding: .5rem; }
.qr svg { display: block; height: min(20rem, 80vw); width: min(20rem, 80vw); }
.link { font-family: ui-monospace, monospace; overflow-wrap: anywhere; user-select: all; }
"""

SCRIPT: Final = """
function showPhones(phones) {
  const left = document.getElementById("ticket-left");
  if (left && left.textContent !== phones.left) left.textContent = phones.left;
  const section = document.getElementById("phones");
  if (section.dataset.shown !== phones.shown) location.reload();
}
"""


def phones_state(core: CarCore, now: Now, language: str) -> dict[str, Any]:
    """What changes by itself: `left` says how long the code is good, `shown` names what the section shows."""
    ticket = core.ticket(now)
    left = "" if ticket is None else texts(language).text("screen.phones.left", time=_minutes(ticket.until - now.steady))
    shown = f"{int(ticket is not None)}:{core.phone_added}:{int(core.can_add_phone)}:" + ",".join(p.key_id for p in core.phones)
    return {"left": left, "shown": shown}


def phone_link(app_url: str, core: CarCore, now: Now) -> str:
    """The link that the code says; "" when no code is shown."""
    ticket = core.ticket(now)
    return "" if ticket is None else f"{app_url}/phone#{wire(core.vehicle_id)}.{b64url(ticket.secret)}"


def phones_section(core: CarCore, now: Now, language: str, app_url: str, hidden: str) -> str:
    """The section as HTML; `hidden` are the fields that every form of the page carries."""
    said = texts(language)

    def t(key: str, **facts: object) -> str:
        return escape(said.text(f"screen.phones.{key}", **facts))

    rows = "".join(_phone(language, phone.label, phone.since_ms, phone.key_id, hidden) for phone in core.phones)
    rows = rows or f"<p>{t('none')}</p>"
    link = phone_link(app_url, core, now)
    if link:
        body = _code(language, link, phones_state(core, now, language)["left"], hidden)
    elif not app_url:
        body = f"<p>{t('no_app')}</p>"
    elif not core.can_add_phone:
        body = f"<p>{t('closed')}</p>"
    elif len(core.phones) >= MOST_PHONES:
        body = f"<p>{t('full')}</p>"
    else:
        body = f'<form method="post" action="/phones/add">{hidden}<button>{t("add")}</button></form>'
    added = f'<p class="state" role="status">{t("stored", phone=core.phone_added)}</p>' if core.phone_added else ""
    shown = escape(phones_state(core, now, language)["shown"])
    return (
        f'<section id="phones" data-shown="{shown}" aria-labelledby="phones-title"><h2 id="phones-title">{t("name")}</h2>'
        f"<p>{t('what')}</p>{rows}{added}{body}</section>"
    )


def command_facts(facts: Mapping[str, str | int], said: Texts) -> dict[str, object]:
    """The facts of a notice about a remote command in words: what was asked, by which phone, and why it was not done."""
    command = str(facts.get("command", ""))
    why = said.reason(str(facts["reason"])) if "reason" in facts else ""
    return {"command": said.command(command), "phone": facts.get("phone") or said.text("screen.platform"), "why": why}


def _phone(language: str, label: str, since_ms: int, key_id: str, hidden: str) -> str:
    said = texts(language)
    since = escape(said.text("screen.phones.since", at=moment(said, since_ms)))
    remove = escape(said.text("screen.phones.remove"))
    return (
        f'<div class="row"><div><strong>{escape(label)}</strong><br>{since}</div>'
        f'<form method="post" action="/phones/remove">{hidden}'
        f'<button name="key_id" value="{escape(key_id)}" aria-label="{remove}: {escape(label)}">{remove}</button></form></div>'
    )


def _code(language: str, link: str, left: str, hidden: str) -> str:
    said = texts(language)

    def t(key: str) -> str:
        return escape(said.text(f"screen.phones.{key}"))

    return (
        f'<p>{t("scan")}</p><div class="qr" role="img" aria-label="{t("code")}">{_svg(link)}</div>'
        f'<p><strong id="link-title">{t("link")}</strong><br>'
        f'<a class="link" href="{escape(link)}" target="_blank" rel="noopener noreferrer" aria-describedby="link-title">{escape(link)}</a></p>'
        f'<p id="ticket-left" class="state">{escape(left)}</p>'
        f'<form method="post" action="/phones/stop">{hidden}<button>{t("stop")}</button></form>'
    )


def _svg(link: str) -> str:
    """The QR code as SVG without style and script, so that the page's content policy lets it through."""
    out = BytesIO()
    segno.make(link, error="m", micro=False).save(
        out, kind="svg", xmldecl=False, svgns=True, omitsize=True, border=4, dark="#000", light="#fff", nl=False
    )
    return out.getvalue().decode("utf-8")


def moment(said: Texts, ms: int) -> str:
    """A moment for people, in UTC: the car knows no zone of its owner."""
    return said.text("screen.moment", at=from_ms(ms))


def _minutes(ms: int) -> str:
    """Minutes and seconds."""
    seconds = max(0, ms) // 1000
    return f"{seconds // 60}:{seconds % 60:02}"
