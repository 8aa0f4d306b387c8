"""What the platform itself does at its time: policies compiled anew, the link's pushes and sweep, and the sweep of every service's rows."""

from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

from openmarque.catalogue.register import Catalogue
from openmarque.governance.policies import StoringPolicyCompiler
from openmarque.governance.timers import SWEEP, sweep
from openmarque.link import timers as link
from openmarque.parts.cloud import CloudPart
from openmarque.storage.transaction import Transaction

RENEW: Final = "policies_renewed"
RENEW_EVERY: Final = timedelta(seconds=5)
"""``policies.AT_ONCE`` policies each time: 10 million cars in 28 hours, a small fleet before anybody looks."""


class Platform(Protocol):
    """What these timers need of the wired platform."""

    @property
    def catalogue(self) -> Catalogue:
        """Every declaration."""
        ...

    @property
    def compiler(self) -> StoringPolicyCompiler:
        """What compiles policies."""
        ...


async def _sweep(platform: Platform, tx: Transaction, about: UUID, now: datetime) -> None:
    del about
    await sweep(tx, platform.catalogue, now)


async def _renew_policies(platform: Platform, tx: Transaction, about: UUID, now: datetime) -> None:
    del about
    await platform.compiler.renew(tx, now)


async def _push_policies(platform: Platform, tx: Transaction, about: UUID, now: datetime) -> None:
    del platform, about
    await link.push_again(tx, now)


async def _sweep_link(platform: Platform, tx: Transaction, about: UUID, now: datetime) -> None:
    del platform, about
    await link.sweep(tx, now)


CLOUD: Final[CloudPart[Platform]] = CloudPart(
    name="governance",
    timers={SWEEP: _sweep, RENEW: _renew_policies, link.POLICY_PUSH: _push_policies, link.SWEEP: _sweep_link},
    recurring={
        SWEEP: timedelta(hours=1),
        RENEW: RENEW_EVERY,
        link.POLICY_PUSH: timedelta(seconds=30),
        link.SWEEP: timedelta(days=1),
    },
)
