"""How an owner is told of something: the port that services and domains use. Behind it ``domains.notifications``; REQ NOT-1, NOT-2."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from openmarque.catalogue.notices import Argument
from openmarque.kit.ids import TenureId
from openmarque.storage.transaction import Transaction


class Notices(Protocol):
    """Tells whoever may see a car of it: in the app's centre and by mail, as the declaration of the notice says."""

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
        """Tell of `notice`, a kind that some declaration lists, with exactly the `arguments` that it lists.

        It is written in `tx`, so it is told at least once if what it tells of happened, and never otherwise; it leaves after the
        commit. `at` is the moment that it speaks of, if it is another one than `now` (both aware). Of one kind only so many an hour are
        told; the others are counted on the newest. False, and nothing is kept, where the engine does not permit it to be told.

        Raises ``NoticeUnknown``, ``NoticeArgumentsWrong``: both are faults of who calls, whatever a car has sent.
        """
        ...
