"""Who learns a place when an owner asks the app for the way to it: for the declarations of services that show places. REQ GDP-8a,b.

The app says who it is, and asks, before it opens such a map (``web/src/kit/way.ts``; a contract test holds both to the same names). On phones
whose map app its owner chose, nobody can be named here: the app says that the phone's own map app learns the place.

Neither works for the brand: the owner's device asks them, and each answers for itself. Checked in November 2026:

- Apple names, by the user's country, who answers for a user's data: for Europe the company in Cork, Ireland. For America, Japan, Australia and some
  other countries it is another one: a brand that sells there has to name that one.
- The OpenStreetMap Foundation is registered in England and has servers there, in Ireland and in the Netherlands. The Commission's decision on the
  United Kingdom was renewed in December 2025, until 27 December 2031. Map tiles come from whichever server of a content network is near.
"""

from typing import Final

from openmarque.catalogue.declarations import Processor

_ROLE: Final = "map"

OUTSIDE_MAPS: Final = (
    Processor("Apple Distribution International", _ROLE, "IE"),
    Processor(
        "OpenStreetMap Foundation", _ROLE, "GB", guarantee="adequacy decision (EU) 2021/1772, renewed until 27 December 2031"
    ),
)
