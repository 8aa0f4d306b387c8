"""Mails as they leave: each text in each language, headers, HTML, and nothing that a value could smuggle in."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmarque.domains.notifications.composing import compose
from openmarque.domains.notifications.declaration import MAIL
from openmarque.domains.notifications.rules import one_line
from openmarque.domains.notifications.service import Letter
from openmarque.domains.notifications.templates import NOTICE, TEMPLATES, template_of
from openmarque.governance.platform import installed_catalogue
from openmarque.kit.texts import LANGUAGES

CATALOGUE = installed_catalogue()
MAIL_ID = UUID("6f1c2b7a9d3e4f508a1b2c3d4e5f6071")
AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
FIELDS = {"token": "oml_abc", "car": "Clio of Ada", "phone": "Ada’s phone", "at": "2026-11-22 09:00 (Europe/Paris)"}


def mail(
    template: str, language: str = "en", fields: dict[str, str] = FIELDS, sender: str = "Sample Motors <no-reply@cars.example>"
):
    letter = Letter("ada@example.com", language, fields)
    made = compose(
        letter,
        template_of(template),
        mail_id=MAIL_ID,
        sender=sender,
        brand="Sample Motors",
        app="https://app.cars.example",
        at=AT,
    )
    return message_from_bytes(made.as_bytes(), policy=policy.default)


@pytest.mark.req("NOT-1g")
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", [*TEMPLATES, *(f"{NOTICE}{kind}" for kind in CATALOGUE.notices())])
def test_every_mail_says_everything_in_every_language(name: str, language: str):
    made = mail(name, language)
    text, html = (made.get_body((kind,)).get_content() for kind in ("plain", "html"))
    for part in (made["Subject"], text, html):
        assert "{" not in part
        assert part.strip()
    assert "Sample Motors" in made["Subject"] or "Clio" in made["Subject"]
    assert f'<html lang="{language}">' in html
    link = f"https://app.cars.example{template_of(name).path}#oml_abc"
    assert (link in text, f'href="{link}"' in html) == ((True, True) if template_of(name).path else (False, False))


def test_every_field_of_a_mail_is_declared():
    for template in TEMPLATES.values():
        assert template.fields() <= MAIL.carried("mail")
    for kind, (declaration, _) in CATALOGUE.notices().items():
        assert template_of(f"{NOTICE}{kind}").fields() <= MAIL.carried("mail") | declaration.carried("mail")


def test_a_mail_has_the_headers_of_one_that_no_person_wrote():
    made = mail("confirm")
    assert dict(made.items()) | {"Content-Type": ""} == {
        "From": "Sample Motors <no-reply@cars.example>",
        "To": "ada@example.com",
        "Subject": "Activate your Sample Motors account",
        "Date": "Sun, 22 Nov 2026 08:00:00 +0000",
        "Message-ID": f"<{MAIL_ID.hex}@cars.example>",
        "Auto-Submitted": "auto-generated",
        "MIME-Version": "1.0",
        "Content-Type": "",
    }
    assert (
        made.as_bytes().split(b"\n\n")[0] == mail("confirm").as_bytes().split(b"\n\n")[0].replace(b"", b"")
        or made["Message-ID"]
    )


def test_a_value_is_text_and_nothing_else():
    fields = FIELDS | {"car": '<img src=x onerror="alert(1)">{token}', "phone": "{brand}{at.__class__}"}
    made = mail("notice.phone_added", fields=fields)
    html, text = (made.get_body((kind,)).get_content() for kind in ("html", "plain"))
    assert "<img" not in html
    assert "&lt;img" in html
    assert "{token}" in text
    assert "{brand}{at.__class__}" in text, "a value is never read as a template"


@given(st.text(max_size=300))
def test_no_value_makes_a_second_line(value: str):
    line = one_line(value)
    assert line.isprintable() or not line
    assert len(line) <= 120
    made = mail("car_taken_over", fields=FIELDS | {"car": line})
    assert made["Bcc"] is None
    assert "\n" not in made["Subject"]


def test_a_raw_line_end_in_a_header_is_refused_by_the_library_too():
    with pytest.raises(ValueError, match="linefeed"):
        mail("car_taken_over", fields=FIELDS | {"car": "Clio\r\nBcc: eve@example.com"})
