"""The use cases of commands, wired on PostgreSQL: what ``bootstrap`` hands to every process."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from openmarque.brands.pack import BrandPack
from openmarque.catalogue.register import Catalogue
from openmarque.domains.commands.codes import PepperedHasher, SafetyCodes
from openmarque.domains.commands.giving import OwnCommands
from openmarque.domains.commands.phones import Phones
from openmarque.domains.commands.postgres import PostgresCommands
from openmarque.domains.commands.reports import ReportHandler, Resend
from openmarque.domains.commands.rules import commands_kept, commands_of
from openmarque.domains.commands.service import RemoteCommands
from openmarque.domains.notifications.service import Mailer
from openmarque.link.challenges import Challenges
from openmarque.link.pki_keys import KeyRing, Purpose
from openmarque.link.ports import LinkStore
from openmarque.parts.notices import Notices
from openmarque.protocol import signing
from openmarque.storage.timers import TimerStore


@dataclass(frozen=True)
class Commands:
    """Remote commands, phones and safety codes of one platform."""

    store: PostgresCommands
    remote_commands: RemoteCommands
    phones: Phones
    codes: SafetyCodes
    mailer: Mailer
    challenges: Challenges
    kept: timedelta | None
    """How long the status of a remote command is kept; None: nobody has said so, and there are no commands (REQ GDP-12)."""

    @classmethod
    def wired(
        cls,
        pack: BrandPack,
        catalogue: Catalogue,
        link: LinkStore,
        keys: KeyRing,
        mailer: Mailer,
        notices: Notices,
        challenges: Challenges,
    ) -> Self:
        """Everything on the tables of this package, with the commands of `catalogue` and the terms of `pack`."""
        store = PostgresCommands()
        kept = commands_kept(catalogue.declarations)

        def key() -> signing.PrivateKey:
            return keys.signing(Purpose.COMMAND)[1]

        remote_commands = RemoteCommands(
            store,
            link,
            commands_of(catalogue.commands()),
            key,
            kept=kept is not None,
            fresh_s=pack.safety_code.fresh_s,
        )
        codes = SafetyCodes(store, PepperedHasher(keys), pack.safety_code.length)
        return cls(store, remote_commands, Phones(store, link, key, notices), codes, mailer, challenges, kept)

    def handler(self) -> ReportHandler:
        """What takes the reports of cars."""
        return ReportHandler(self.remote_commands.progress, self.phones)

    def own(self, timers: TimerStore) -> OwnCommands:
        """What gives commands for services."""
        return OwnCommands(self.remote_commands, self.store, timers)

    def resend(self) -> Resend:
        """What tells a car that came back."""
        return Resend(self.store, self.phones)
