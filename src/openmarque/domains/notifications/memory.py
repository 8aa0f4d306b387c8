"""Notices in memory, for the deterministic world and for tests of who tells them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile

from openmarque.catalogue.declarations import Declaration, NoticeSpec
from openmarque.catalogue.notices import Argument
from openmarque.domains.notifications.notices import checked
from openmarque.domains.notifications.rules import COUNTED, MOST, fitted
from openmarque.kit.ids import TenureId
from openmarque.storage.transaction import Transaction


@dataclass
class Told:
    """A notice that was told, and how many more of its kind were only counted."""

    tenure_id: TenureId
    notice: str
    arguments: Mapping[str, Argument]
    told_at: datetime
    further: int = 0


@dataclass
class MemoryNotices:
    """``parts.notices.Notices``: what would be told, in order; the engine is not asked, since no policy is at hand. Not undone by a rollback."""

    known: Mapping[str, tuple[Declaration, NoticeSpec]]
    told: list[Told] = field(default_factory=list)

    async def notify(
        self,
        tx: Transaction,
        tenure_id: TenureId,
        notice: str,
        arguments: Mapping[str, Argument],
        now: datetime,
        *,
        at: datetime | None = None,
    ) -> bool:
        """See ``parts.notices.Notices``."""
        del tx, at
        checked(self.known, notice, arguments)
        recent = takewhile(lambda told: told.told_at > now - COUNTED, reversed(self.told))
        same = [told for told in recent if (told.tenure_id, told.notice) == (tenure_id, notice)]
        if len(same) >= MOST:
            same[0].further += 1
        else:
            self.told.append(Told(tenure_id, notice, {name: fitted(value) for name, value in arguments.items()}, now))
        return True
