"""What the people in a car do at its screen, each one step. Base of ``openmarque.car.core.CarCore``."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Final

import msgspec

from openmarque.car.core_views import CoreViews
from openmarque.car.document_records import SettingRefused
from openmarque.car.link import Turn
from openmarque.car.model import REMOTE_ACCESS, Keyring, LevelNotOffered, Now, Output, PhonesClosed, UnknownPhone, UnknownSwitch
from openmarque.car.pairing import PairingCodeInvalid, is_code
from openmarque.protocol.levels import Level

_BY_LIMIT: Final = 64
"""Characters of who set a level: "head unit", a key, an assistance button."""


class CorePeople(CoreViews, ABC):
    """Levels, switches, phones, the pairing code, and commands and settings given in the car."""

    _keys: Keyring

    @abstractmethod
    def _step(self, now: Now) -> AbstractContextManager[Turn]:
        """One input: what is done within is stored together."""

    @abstractmethod
    def _change_level(self, turn: Turn, level: Level, by: str) -> None:
        """Go by another level from here on."""

    @abstractmethod
    def _change_switch(self, turn: Turn, name: str, *, on: bool) -> None:
        """Go by another position of a switch from here on."""

    def set_level(self, now: Now, level: Level, by: str) -> Output:
        """The people in the car chose a privacy level; `by` says where ("head unit"). The one in force already changes nothing.

        The choice is signed and sent to the platform; it counts here at once. A level above the ceiling is kept as chosen, and
        the ceiling applies all the same. Raises ``LevelNotOffered`` for one that this car does not let choose.
        """
        if level not in self.levels:
            raise LevelNotOffered(known=", ".join(choice.name.lower() for choice in self.levels))
        with self._step(now) as turn:
            if level is not self._privacy.record.level:
                self._change_level(turn, level, by[:_BY_LIMIT])
        return turn.out

    def set_switch(self, now: Now, name: str, *, on: bool) -> Output:
        """Someone in the car switched a service, a group of services or ``remote_access``; ``UnknownSwitch`` for another name."""
        if name != REMOTE_ACCESS and name not in self._switches:
            raise UnknownSwitch(known=", ".join(sorted((*self._switches, REMOTE_ACCESS))))
        with self._step(now) as turn:
            if self.switches()[name] is not on:
                self._change_switch(turn, name, on=on)
        return turn.out

    def show_ticket(self, now: Now) -> Output:
        """Someone in the car wants to add a phone: show a fresh secret (`ticket`). Raises ``PhonesClosed`` where none can be added."""
        if not self.can_add_phone:
            raise PhonesClosed
        with self._step(now) as turn:
            self._phones.show_ticket(turn)
        return turn.out

    def hide_ticket(self, now: Now) -> Output:
        """The secret is not shown any more."""
        with self._step(now) as turn:
            self._digital_keys.hide_ticket()
        return turn.out

    def remove_phone(self, now: Now, key_id: str) -> Output:
        """Someone in the car removed a phone; raises ``UnknownPhone`` for one that the car does not know."""
        if not any(phone.key_id == key_id for phone in self.phones):
            raise UnknownPhone
        with self._step(now) as turn:
            self._phones.remove(turn, key_id)
        return turn.out

    def pair(self, now: Now, code: str) -> Output:
        """Someone in the car typed a pairing code, which is sent if the link is open; `pairing` tells the outcome.

        Raises ``PairingCodeInvalid``.
        """
        if not is_code(code):
            raise PairingCodeInvalid
        with self._step(now) as turn:
            self._pairing.type_in(turn, code)
        return turn.out

    def command_here(self, now: Now, name: str, arguments: Mapping[str, object] | None = None) -> Output:
        """Somebody in the car gives a command on its own screen: the last of `remote_commands` then tells its outcome.

        It needs no signature, network or privacy level; the service must be open to the owner and switched on, and its own rule holds. Nothing of
        it is reported. Raises ``CommandNotOffered``, ``ArgumentUnknown`` or ``ArgumentInvalid``.
        """
        request = self._runs.request_here(self._keys.random_bytes(16).hex(), name, arguments or {})
        with self._step(now) as turn:
            self._runs.run_here(turn, request)
        return turn.out

    def set_here(self, now: Now, kind: str, body: msgspec.Struct) -> Output:
        """Somebody in the car changes a settings document on its own screen: it counts at once, and the platform hears of it when it may.

        Raises ``SettingUnknown``. `refused` of the output is a ``SettingRefused``: it is not set here, its service is closed, or does not take it.
        """
        self._documents.held(kind)
        with self._step(now) as turn:
            try:
                self._documents.set_here(turn, kind, body)
            except SettingRefused as error:
                turn.out.refused = error
        return turn.out
