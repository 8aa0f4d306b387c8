"""Who learns a place when an owner asks the app for the way to it: for the declarations of services that show places. REQ GDP-8.

The app says who it is, and asks, before it opens such a map (``web/src/kit/way.ts``; a contract test holds both to the same names). On phones
whose map app its owner chose, nobody can be named here: the app says that the phone's own map app learns the place.
"""

from typing import Final

from openmarque.catalogue.declarations import Processor

_ROLE: Final = "shows the place on a map, when the owner asks for it in the app"

OUTSIDE_MAPS: Final = (
    Processor("Apple Distribution International", _ROLE, "IE"),
    Processor("OpenStreetMap Foundation", _ROLE, "GB", guarantee="adequacy decision (EU) 2021/1772"),
)
