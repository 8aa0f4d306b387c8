"""Remote commands in the world: every command that is declared, with arguments drawn from its declaration, through the real use cases.

An owner's app asks for a challenge, has the phone sign with its own time since it asked, and waits; what needs no phone the platform sends over a
challenge of its own; what the car's own screen offers is pressed there. Now and then somebody misuses the platform's key: he sends the car a remote command again, keeps one back until its time is
over and has the car's wall clock put back, signs for a phone that is not the owner's any more, for arguments that the command does not
take, or for what only the people in the car may do; and somebody at the broker forges greetings.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final, Protocol
from uuid import UUID

import msgspec

from openmarque.catalogue.command_arguments import ArgumentInvalid, ArgumentUnknown
from openmarque.catalogue.declarations import Authority, CommandSpec
from openmarque.domains.commands.reasons import CAR_OFFLINE
from openmarque.domains.commands.requests import Asked, CommandReceipt, Signed
from openmarque.kit.ids import TenureId
from openmarque.protocol import commands as c
from openmarque.protocol.envelope import PROTOCOL_VERSION, encode
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import Hello, Welcome
from openmarque.protocol.sensing import ArgumentValue
from openmarque.simulator.world.arguments import draw, spoil
from openmarque.simulator.world.car import WorldCar
from openmarque.simulator.world.fault_profile import MINUTE_MS
from openmarque.simulator.world.phones import PhoneLife, Street, WorldPhone, account_of
from openmarque.simulator.world.scheduler import run

COMMAND_MEAN_MS: Final = 2 * MINUTE_MS
_PRIVATE_ON_THE_WAY: Final = 0.15
"""Share of the commands during whose way to the car its level is made private: the moment at which only the car can refuse."""
_KEPT_BACK: Final = 0.2
_SPOILT: Final = 0.1
_FRAMES_KEPT: Final = 5

ArgumentsOf = Mapping[str, ArgumentValue]


@dataclass(frozen=True, slots=True)
class Given:
    """A remote command as it was signed: by which key of which tenure ("" is the platform's own), for what, over which challenge for how long.

    `is_sound`: the command is one that this key may sign, and its arguments are such as it declares.
    """

    command_id: str
    tenure_id: TenureId | None
    key_id: str
    command: str
    arguments: ArgumentsOf
    counter: int
    challenge: bytes
    valid_ms: int
    is_sound: bool


@dataclass(frozen=True, slots=True)
class Pressed:
    """A command as it is given on the car's own screen."""

    command: str
    arguments: ArgumentsOf
    is_sound: bool


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants of the car when the challenge has come: by this phone, or by the platform for `command_id`."""

    spec: CommandSpec
    arguments: ArgumentsOf
    asked_ms: int
    phone: WorldPhone | None = None
    command_id: UUID | None = None
    tenure_id: TenureId | None = None
    is_sound: bool = True


class CommandWitness(Protocol):
    """Whoever watches that cars do what was commanded and nothing else."""

    def commanded(self, car: WorldCar, given: Given) -> None:
        """This command was signed."""
        ...

    def pressed(self, car: WorldCar, pressed: "Pressed | None") -> None:
        """Somebody presses this on the car's own screen now; None: he has."""
        ...


class CommandLife:
    """What one car's people want of it from afar. ``begin`` starts them, ``calm`` ends what they do."""

    def __init__(
        self,
        street: Street,
        phones: PhoneLife,
        specs: Mapping[str, CommandSpec],
        witness: CommandWitness,
        set_back: Callable[[int], None],
    ) -> None:
        """Want nothing yet. `set_back` puts the car's wall clock back by so many milliseconds, for a moment."""
        self._street = street
        self._phones = phones
        self._specs = dict(sorted(specs.items()))
        self._witness = witness
        self._set_back = set_back
        self._wishes: dict[int, Wish] = {}
        self._own_frames: list[bytes] = []
        self._numbers = 0
        self._quiet = False

    def begin(self) -> None:
        """Plan what they will do."""
        scheduler, random = self._street.scheduler, self._street.random
        if self._specs:
            scheduler.repeat(COMMAND_MEAN_MS, random, self._want)
            scheduler.repeat(2 * COMMAND_MEAN_MS, random, self._press)
        scheduler.repeat(5 * MINUTE_MS, random, self._misuse)
        scheduler.repeat(20 * MINUTE_MS, random, self._forge_greeting)

    def calm(self) -> None:
        """Nobody commands any more."""
        self._quiet = True

    # Wishes

    def ask(self, command: str, arguments: ArgumentsOf) -> None:
        """An owner wants this of the car, as the app would ask for it."""
        spec = self._specs[command]
        if not self._quiet:
            self._wish(spec, arguments, is_sound=True)

    def _want(self) -> None:
        if self._quiet:
            return
        random = self._street.random
        spec = self._specs[random.choice(tuple(self._specs))]
        arguments = draw(random, spec.arguments)
        if random.random() < _SPOILT:
            self._wish(spec, spoil(random, spec.arguments, arguments), is_sound=False)
        else:
            self._wish(spec, arguments, is_sound=True)

    def _wish(self, spec: CommandSpec, arguments: ArgumentsOf, *, is_sound: bool) -> None:
        street = self._street
        if spec.authority is Authority.PLATFORM:
            self._want_of_platform(spec, arguments, is_sound=is_sound)
        elif self._phones.phones:
            phone = street.random.choice(self._phones.phones)
            sound = is_sound and spec.authority is not Authority.LOCAL
            self._ask_challenge(
                Wish(spec, arguments, street.scheduler.now_ms, phone, tenure_id=phone.tenure_id, is_sound=sound)
            )

    def _ask_challenge(self, wish: Wish) -> None:
        self._numbers += 1
        self._wishes[self._numbers] = wish
        self._street.down("challenge", msgspec.msgpack.encode(c.ChallengeRequest(self._numbers)))

    def answered(self, payload: bytes) -> None:
        """A challenge of the car came: its owner presses the button at once, or reads the page first; the platform goes on by itself."""
        answer = msgspec.msgpack.decode(payload, type=c.ChallengeAnswer)
        wish = self._wishes.pop(answer.asked, None)
        if wish is None:
            return
        if wish.phone is None:
            self._send_own(wish, answer.challenge)
        else:
            random = self._street.random
            thinks_ms = random.choice((300, 2_000, 60_000, 280_000))
            self._street.scheduler.after(random.randint(1, thinks_ms), self._sign, wish, wish.phone, answer.challenge)

    # In the car

    def _press(self) -> None:
        """Somebody gives a command on the car's own screen, of those that it offers."""
        street, random = self._street, self._street.random
        car = street.car
        if self._quiet or car.core is None or not car.core.commands_here:
            return
        name = random.choice(tuple(car.core.commands_here))
        kind = self._specs[name].arguments
        arguments, is_sound = draw(random, kind), random.random() >= _SPOILT
        if not is_sound:
            arguments = spoil(random, kind, arguments)
        street.journal.note(street.scheduler.now_ms, "command_here", car.name, name)
        self._witness.pressed(car, Pressed(name, arguments, is_sound))
        with suppress(ArgumentInvalid, ArgumentUnknown):
            car.step(lambda core, now: core.command_here(now, name, arguments))
        self._witness.pressed(car, None)

    # By a phone

    def _sign(self, wish: Wish, phone: WorldPhone, challenge: bytes) -> None:
        street, random = self._street, self._street.random
        valid_ms = street.scheduler.now_ms - wish.asked_ms + wish.spec.begins_within_s * 1_000
        if self._quiet or valid_ms > c.CHALLENGE_LIVES_MS:
            return
        phone.counter += 1
        payload = c.CommandPayload(
            command_id=UUID(int=random.getrandbits(128), version=4).hex,
            vehicle_id=street.car.vehicle_id.hex,
            command=wish.spec.name,
            arguments=dict(wish.arguments),
            key_id=phone.key_id,
            counter=phone.counter,
            challenge=c.b64url(challenge),
            valid_ms=valid_ms,
        )
        text = c.write_payload(payload)
        signed = Signed(text, phone.sign(text))
        self._commanded(payload, wish)
        phone.frames.append(self._bribed(signed))
        misused = random.random()
        if phone.tenure_id != street.tenure():
            self._sends(phone.frames[-1], "command_of_former_owner")
        elif not wish.is_sound:
            self._sends(phone.frames[-1], "command_unsound")
        elif misused < _KEPT_BACK:
            kept_ms = random.randint(1, 4) * valid_ms
            street.scheduler.after(kept_ms, self._sends_late, phone.frames[-1], kept_ms)
        else:
            receipt = self._placed(phone.tenure_id, payload.command_id, wish, signed)
            if receipt is not None and receipt.frame is not None:
                if misused > 1 - _PRIVATE_ON_THE_WAY:
                    self._turn_private()
                street.down("command", receipt.frame)

    def _commanded(self, payload: c.CommandPayload, wish: Wish) -> None:
        given = Given(
            payload.command_id,
            wish.tenure_id,
            payload.key_id,
            payload.command,
            payload.arguments,
            payload.counter,
            c.challenge_of(payload),
            payload.valid_ms,
            wish.is_sound,
        )
        self._witness.commanded(self._street.car, given)
        self._street.journal.note(self._street.scheduler.now_ms, "command", self._street.car.name, given.command)

    def _turn_private(self) -> None:
        """A remote command is on its way when somebody in the car chooses private; a little later he takes that back."""
        car = self._street.car
        if car.core is None or car.core.privacy.level is Level.PRIVATE:
            return
        chosen = car.core.privacy.level
        self._choose(Level.PRIVATE)
        self._street.scheduler.after(self._street.random.randint(5_000, MINUTE_MS), self._choose, chosen)

    def _choose(self, level: Level) -> None:
        self._street.journal.note(self._street.scheduler.now_ms, "level", self._street.car.name, int(level))
        self._street.car.step(lambda core, now: core.set_level(now, level, "head unit"))

    # By the platform itself

    def _want_of_platform(self, spec: CommandSpec, arguments: ArgumentsOf, *, is_sound: bool) -> None:
        """Who may read may ask. An unsound one is signed by who holds the platform's key; the use case would not take it."""
        street, tenure_id = self._street, self._street.tenure()
        if tenure_id is None:
            return
        wish = Wish(spec, arguments, street.scheduler.now_ms, tenure_id=tenure_id, is_sound=is_sound)
        if not is_sound:
            self._ask_challenge(wish)
            return
        key = UUID(int=street.random.getrandbits(128), version=4).hex
        receipt = self._placed(tenure_id, key, wish, None)
        if receipt is not None and receipt.needs_challenge:
            self._ask_challenge(replace(wish, command_id=receipt.command_id))

    def _send_own(self, wish: Wish, challenge: bytes) -> None:
        street = self._street
        if wish.command_id is None:
            frame: bytes | None = self._forged_own(wish, challenge)
        else:
            command_id = wish.command_id
            frame = street.attempt(lambda: run(self._signed_own(command_id, challenge)))
        if frame is None:
            return
        payload = c.read_payload(msgspec.msgpack.decode(frame, type=c.SignedCommand).payload)
        self._commanded(payload, wish)
        self._own_frames.append(frame)
        street.down("command", frame)

    async def _signed_own(self, command_id: UUID, challenge: bytes) -> bytes | None:
        cloud = self._street.cloud
        async with cloud.database.begin() as tx:
            return await cloud.remote_commands.progress.send_with(tx, command_id, challenge, cloud.clock.now())

    def _forged_own(self, wish: Wish, challenge: bytes) -> bytes:
        street = self._street
        payload = c.CommandPayload(
            command_id=UUID(int=street.random.getrandbits(128), version=4).hex,
            vehicle_id=street.car.vehicle_id.hex,
            command=wish.spec.name,
            arguments=dict(wish.arguments),
            key_id=c.PLATFORM_KEY,
            counter=street.scheduler.now_ms,
            challenge=c.b64url(challenge),
            valid_ms=wish.spec.begins_within_s * 1_000,
        )
        street.journal.fault(street.scheduler.now_ms, "command_unsound", street.car.name)
        return self._bribed(Signed(c.write_payload(payload), b""))

    # Both

    def _placed(self, tenure_id: TenureId, key: str, wish: Wish, signed: Signed | None) -> CommandReceipt | None:
        asked = Asked(
            *(self._street.car.vehicle_id, tenure_id, account_of(tenure_id), key, wish.spec.name),
            arguments=wish.arguments,
            signed=signed,
            code_right=True,
        )
        return self._street.attempt(lambda: run(self._place(asked)))

    async def _place(self, asked: Asked) -> CommandReceipt | None:
        cloud, now = self._street.cloud, self._street.cloud.clock.now()
        async with cloud.database.begin() as tx:
            receipt = await cloud.remote_commands.place(tx, asked, now)
        if (receipt.frame is not None or receipt.needs_challenge) and not self._street.car.online:
            async with cloud.database.begin() as tx:
                await cloud.remote_commands.progress.turn_down(tx, receipt.command_id, CAR_OFFLINE, now)
            return None
        return receipt

    # Misuse

    def _misuse(self) -> None:
        """Whoever has the platform's key sends the car some command of old again."""
        frames = [frame for phone in self._phones.phones for frame in phone.frames[-_FRAMES_KEPT:]]
        frames += self._own_frames[-_FRAMES_KEPT:]
        if frames:
            self._sends(self._street.random.choice(frames), "command_replayed")

    def _forge_greeting(self) -> None:
        """Whoever holds the broker answers the car's greeting, or greets in its name, with an epoch of his own."""
        street, car = self._street, self._street.car
        if self._quiet or car.core is None:
            return
        epoch = car.core.epoch + street.random.choice((1, 1_000, 1_000_000, 2**52))
        street.journal.fault(street.scheduler.now_ms, "greeting_forged", car.name, epoch)
        if street.random.random() < 0.5:
            street.down("welcome", encode(Welcome(PROTOCOL_VERSION, epoch, {}, street.scheduler.now_ms)))
        else:
            street.network.up(car.vehicle_id, car.name, "hello", encode(Hello((PROTOCOL_VERSION,), epoch, {})))

    def _sends(self, frame: bytes, what: str) -> None:
        if not self._quiet:
            self._street.journal.fault(self._street.scheduler.now_ms, what, self._street.car.name)
            self._street.down("command", frame)

    def _sends_late(self, frame: bytes, kept_ms: int) -> None:
        """A remote command that was kept back comes now; and where clocks go wrong, the car's wall clock says that no time has passed."""
        if not self._quiet:
            self._set_back(kept_ms)
            self._sends(frame, "command_kept_back")

    def _bribed(self, signed: Signed) -> bytes:
        cloud, vehicle_id = self._street.cloud, self._street.car.vehicle_id
        return c.sign_command(cloud.command_key, vehicle_id, signed.payload, signed.signature, code_fresh=True, keys_version=0)
