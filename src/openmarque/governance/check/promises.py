"""What every declaration has to say: how long each item is kept, and under which guarantee who processes it. REQ GDP-8, GDP-12."""

from collections.abc import Iterator

from openmarque.catalogue.register import Catalogue
from openmarque.governance.check.finding import Finding


def findings(catalogue: Catalogue) -> Iterator[Finding]:
    """Items without retention; the rest is refused when the catalogue is built (``catalogue.register``)."""
    for declaration in catalogue.declarations.values():
        for item in declaration.items:
            if item.retention is None:
                yield Finding(
                    "no-retention",
                    f"{declaration.name}: {item.name}",
                    "Nobody has said how long it is kept; until then the service is refused.",
                    "Set it in the declaration or in the brand pack.",
                )
