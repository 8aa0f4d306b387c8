"""Hashing of passwords: argon2id with the parameters of RFC 9106 §4 for machines with little memory, off the event loop, bounded.

One hash takes 64 MiB and some tens of milliseconds of several cores by design. So few run at a time, some wait, and beyond that a request is
turned away (``PasswordsBusy``): a flood of sign-ins can make others wait, but not take the machine's memory.
"""

import asyncio
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from openmarque.domains.accounts.errors import PasswordsBusy

P = ParamSpec("P")
T = TypeVar("T")

_AT_ONCE: Final = 2
_WAITING: Final = 64
"""About two seconds of work on the smallest machine: nobody waits longer in a browser."""


class Passwords:
    """Hashes and proves passwords, the same work whether there is something to compare with or not."""

    def __init__(self) -> None:
        """Nothing runs yet."""
        self._hasher = PasswordHasher()
        self._turn = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0
        self._nobodys: str | None = None

    async def hash(self, password: str) -> str:
        """The hash of `password`, with its parameters and salt. Raises ``PasswordsBusy``."""
        return await self._in_turn(self._hasher.hash, password)

    async def prove(self, hashed: str | None, password: str) -> bool:
        """Whether `password` is the one of `hashed`; with None it is not, after the same work. Raises ``PasswordsBusy``."""
        return await self._in_turn(self._prove, hashed, password) and hashed is not None

    def is_old(self, hashed: str) -> bool:
        """Whether `hashed` was made with other parameters than today's, and should be made anew at the next chance."""
        return self._hasher.check_needs_rehash(hashed)

    def _prove(self, hashed: str | None, password: str) -> bool:
        # Made by whoever comes first, whether known or not: that one waits twice as long, once in the life of a process.
        self._nobodys = self._nobodys or self._hasher.hash("nobody has this password")
        try:
            return self._hasher.verify(self._nobodys if hashed is None else hashed, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _in_turn(self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        if self._waiting >= _WAITING:
            raise PasswordsBusy
        self._waiting += 1
        try:
            async with self._turn:
                return await asyncio.to_thread(work, *arguments, **named)
        finally:
            self._waiting -= 1
