"""What happens around a password at the edge: two short transactions, and between them the hash, which holds neither row nor connection."""

from dataclasses import dataclass

from fastapi import Request

from openmarque.domains.accounts.errors import PasswordWrong, SignInRefused
from openmarque.domains.accounts.names import OtherName
from openmarque.domains.accounts.passwords import Passwords
from openmarque.domains.accounts.registration import Registration
from openmarque.domains.accounts.rules import MailAddress, read_password, require_fit
from openmarque.domains.accounts.service import Accounts
from openmarque.domains.accounts.sessions import Sessions, Try
from openmarque.http.edge import Edge, edge_of, enter
from openmarque.http.sessions import Presented, client_of
from openmarque.kit.ids import AccountId


@dataclass(frozen=True)
class Entry:
    """The parts of the platform that let people in, and who is at the door."""

    edge: Edge
    accounts: Accounts
    sessions: Sessions
    registration: Registration
    client: str

    @property
    def passwords(self) -> Passwords:
        """Where passwords are hashed."""
        return self.accounts.passwords

    async def sign_in(
        self, who: MailAddress | OtherName | None, password: str, agent: str, former: str
    ) -> tuple[AccountId, str]:
        """The account and the cookie's value for the right password. Raises ``SignInRefused``, ``NotConfirmed``, ``TooManyTries``.

        Text that is neither an address nor a user name is answered as one that is unknown: None.
        """
        secret = read_password(password)
        async with self.edge.database.begin() as tx:
            if isinstance(who, OtherName):
                wanted = await self.accounts.names.address_of(tx, who)
            else:
                wanted = who or MailAddress("", "")
            attempt = await self.sessions.begin(tx, wanted, self.client, self.edge.clock.now())
        if not await self.passwords.prove(attempt.hashed, secret):
            raise SignInRefused
        renewed = await self.passwords.hash(secret) if attempt.hashed and self.passwords.is_old(attempt.hashed) else None
        async with self.edge.database.begin() as tx:
            now = self.edge.clock.now()
            account_id, _, value = await self.sessions.start(tx, attempt, self.client, agent, former, now)
            if renewed is not None:
                await self.sessions.renew_hash(tx, attempt, renewed)
        return account_id, value

    async def change_password(self, presented: Presented, current: str, new: str) -> None:
        """Set a new password with the old one. Raises ``PasswordWrong``, ``PasswordUnfit``, ``TooManyTries``, ``NotSignedIn``."""
        attempt = await self._proved(presented, current)
        secret = read_password(new)
        require_fit(secret, attempt.address)
        hashed = await self.passwords.hash(secret)
        async with self.edge.database.begin() as tx:
            visit = await enter(self.edge, tx, presented)
            await self.sessions.change_password(tx, attempt, hashed, visit.session_id, self.client, visit.now)

    async def prove_password(self, presented: Presented, password: str) -> AccountId:
        """Prove once more that whoever is signed in knows the password, before something that a borrowed device must not do.

        Raises ``NotSignedIn``, ``PasswordWrong``, ``TooManyTries``. What follows is a transaction of its own.
        """
        attempt = await self._proved(presented, password)
        assert attempt.account_id is not None
        async with self.edge.database.begin() as tx:
            await self.sessions.prove(tx, attempt, self.client, self.edge.clock.now())
        return attempt.account_id

    async def _proved(self, presented: Presented, password: str) -> Try:
        async with self.edge.database.begin() as tx:
            visit = await enter(self.edge, tx, presented)
            attempt = await self.sessions.begin_again(tx, visit.account_id, self.client, visit.now)
        if not await self.passwords.prove(attempt.hashed, read_password(password)):
            raise PasswordWrong
        return attempt


def entry_of(request: Request) -> Entry:
    """The entry of the application that serves `request`, for the client that sent it."""
    parts = request.app.state.parts
    assert isinstance(parts.accounts, Accounts)
    assert isinstance(parts.sessions, Sessions)
    assert isinstance(parts.registration, Registration)
    client = client_of(request, parts.settings.http_proxies or "")
    return Entry(edge_of(request), parts.accounts, parts.sessions, parts.registration, client)
