"""The mails to accounts: which there are, and where their link leads. REQ NOT-1.

What they say are the texts ``mail.<name>.subject`` and ``.body`` of this folder; ``{link}`` alone in a paragraph is the link that the mail is
sent for, and every text may name the ``{brand}``. Texts never hold what a stranger typed into a form (a name, say): whoever signs
somebody else up would write to him through us.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from openmarque.kit.texts import ENGLISH, texts


@dataclass(frozen=True, slots=True)
class Template:
    """A kind of mail. `path` is the page of the app that its link opens, with the field ``token`` behind a ``#``; empty: no link."""

    name: str
    path: str = ""

    @property
    def headline(self) -> str:
        """The key of its subject line."""
        return f"mail.{self.name}.subject"

    @property
    def body(self) -> str:
        """The key of its paragraphs."""
        return f"mail.{self.name}.body"

    def fields(self) -> frozenset[str]:
        """Every field that its texts take, the brand aside."""
        said = texts(ENGLISH)
        return (said.facts(self.headline) | said.facts(self.body)) - {"brand"}


TEMPLATES: Final[Mapping[str, Template]] = {
    template.name: template
    for template in (
        Template("confirm", path="/confirm"),
        Template("already"),
        Template("reset", path="/reset"),
        Template("password_changed"),
        Template("safety_code_changed"),
        Template("phone_added"),
        Template("car_taken_over"),
    )
}
"""Every mail that the platform sends, by name."""
