"""Which form of a text a number takes in each language that is spoken here.

The rules are those of the Unicode CLDR (plural rules for cardinals, version 46), for the numbers that texts here name: whole and decimal
ones below a million. From a million on French and Spanish know a third form, "many" ("un million *de* …"); no text names such a number.
"""

from collections.abc import Callable, Mapping
from typing import Final

EVERY_CATEGORY: Final = frozenset({"zero", "one", "two", "few", "many", "other"})
"""Every form that some language has (CLDR)."""
CATEGORIES: Final = frozenset({"one", "other"})
"""What a text with plural forms gives in every language."""

_RULES: Final[Mapping[str, Callable[[float], bool]]] = {
    "en": lambda n: n == 1 and isinstance(n, int),
    "de": lambda n: n == 1 and isinstance(n, int),
    "es": lambda n: n == 1,
    "fr": lambda n: 0 <= n < 2,
}
"""Whether a number takes the form "one": in English "1 km" but "1.0 km" and "0 km" the other; in French "1,5 km" is one too."""


def plural_category(language: str, count: float) -> str:
    """The name of the form that `count` takes in `language`."""
    return "one" if _RULES[language](count) else "other"
