"""Writes the drawings of the life of an order and of a phone's key into docs/reference/orders.md, from the tables of transitions.

``python -m tools.order_states`` replaces what stands between the marks; ``tests/unit/domains/commands`` holds the page equal.
"""

import re
from pathlib import Path
from typing import Final

from openmarque.domains.commands.states import drawing, key_drawing

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "reference" / "orders.md"


def drawn(page: str) -> str:
    """`page` with both drawings as the tables have them now."""
    made = {"order": drawing(), "phone": key_drawing()}
    return re.sub(
        r"<!-- (order|phone) -->\n.*?<!-- end -->",
        lambda found: f"<!-- {found[1]} -->\n```mermaid\n{made[found[1]]}\n```\n<!-- end -->",
        page,
        flags=re.DOTALL,
    )


if __name__ == "__main__":
    PAGE.write_text(drawn(PAGE.read_text("utf-8")), "utf-8")
