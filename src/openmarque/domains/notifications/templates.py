"""The mails that there are, and where their link leads: those to accounts, and those that tell of a notice. REQ NOT-1.

What they say are the texts ``mail.<name>.subject`` and ``.body`` of this folder, and of a notice the texts ``notice.<kind>`` of the folder
that tells it; ``{link}`` alone in a paragraph is the link that the mail is sent for, and every text may name the ``{brand}``. Texts never
hold what a stranger typed into a form (a name, say): whoever signs somebody else up would write to him through us.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from openmarque.kit.texts import ENGLISH, Texts, texts

NOTICE: Final = "notice."
"""Beginning of the names of mails that tell of a notice."""


@dataclass(frozen=True, slots=True)
class Template:
    """A kind of mail. `headline` and `body` are keys of texts; a text of the body may be absent.

    `path` is the page of the app that its link opens, with the field ``token`` behind a ``#``; empty: no link.
    """

    name: str
    headline: str
    body: tuple[str, ...]
    path: str = ""

    def fields(self) -> frozenset[str]:
        """Every field that its texts take, the brand aside."""
        said = texts(ENGLISH)
        return frozenset[str]().union(*(said.facts(key) for key in (self.headline, *self.body))) - {"brand"}

    def paragraphs(self, said: Texts, fields: Mapping[str, str]) -> tuple[str, ...]:
        """The body in the language of `said`."""
        return tuple(part for key in self.body if said.has(key) for part in said.paragraphs(key, **fields))


def template_of(name: str) -> Template:
    """The template of a mail. ``KeyError`` for a mail to accounts that there is not."""
    if name.startswith(NOTICE):
        return Template(name, f"{name}.title", (f"{name}.body", f"{name}.action"))
    return TEMPLATES[name]


def _to_account(name: str, path: str = "") -> Template:
    return Template(name, f"mail.{name}.subject", (f"mail.{name}.body",), path)


TEMPLATES: Final[Mapping[str, Template]] = {
    template.name: template
    for template in (
        _to_account("confirm", "/confirm"),
        _to_account("already"),
        _to_account("reset", "/reset"),
        _to_account("password_changed"),
        _to_account("safety_code_changed"),
        _to_account("car_taken_over"),
    )
}
"""Every mail to accounts, by name."""
