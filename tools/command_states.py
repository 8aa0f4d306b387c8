"""Writes the drawings of the life of a remote command and of a phone's key into docs/reference/remote-commands.md, from the tables of transitions.

``python -m tools.command_states`` replaces what stands between the marks; ``tests/unit/domains/commands`` holds the page equal.
"""

import re
from pathlib import Path
from typing import Final

from openmarque.domains.commands.states import drawing, key_drawing

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "reference" / "remote-commands.md"


def drawn(page: str) -> str:
    """`page` with both drawings as the tables have them now."""
    made = {"command": drawing(), "phone": key_drawing()}
    return re.sub(
        r"<!-- (command|phone) -->\n.*?<!-- end -->",
        lambda found: f"<!-- {found[1]} -->\n```mermaid\n{made[found[1]]}\n```\n<!-- end -->",
        page,
        flags=re.DOTALL,
    )


if __name__ == "__main__":
    PAGE.write_text(drawn(PAGE.read_text("utf-8")), "utf-8")
