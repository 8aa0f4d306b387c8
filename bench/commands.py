"""How long a remote command takes: from the app's HTTP request over the car to the confirmation on the app's event stream.

Everything on the way is the platform's own: the API, a worker and the cars are processes of their own, the cars are real agents behind
mutual TLS whose locks obey at once. The command is ``lock``: signed by a phone, decided, kept, signed again, verified in the car, its
counter stored there, executed, reported on the event lane, committed, told. Asking for the challenge is not part of it, since an app has
one when it shows its buttons; neither is hashing a safety code, which is slow on purpose.
"""

import asyncio
import hashlib
import random
import secrets
import statistics
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from bench.app import App
from bench.figures import Results
from bench.load import Load
from bench.processes import Bench, BenchFailed, Child, ask
from openmarque.car.identity import BundleContents, write_bundle
from openmarque.domains.garage.service import NewVehicle
from openmarque.engines.process import Ports
from openmarque.http.address import PORT_NAME
from openmarque.kit.clock import iso
from openmarque.kit.csr import certificate_request, key_pem, new_car_key
from openmarque.kit.ids import VehicleId
from openmarque.link.broker import Message
from openmarque.link.pki_keys import Purpose
from openmarque.link.subjects import CHALLENGE, down_subject, vehicle_of
from openmarque.protocol import signing
from openmarque.protocol.commands import ChallengeAnswer, ChallengeRequest

_PAUSE_S: Final = 0.01
"""Mean pause between two commands, drawn anew each time so that no rhythm of ours meets one of the platform's."""
_ROUNDS: Final = 500
"""Bare round trips in one window."""
_FITTING: Final = 200
"""Tries by which a computation is fitted."""
_SETTLE_S: Final = 2.0
"""Cars that just connected have things to say."""


@dataclass(frozen=True)
class CommandBudget:
    """How much to spend: windows, and commands in each (under the most that the platform takes of one car in an hour)."""

    repeats: int
    remote_commands: int


class Computation:
    """Work for one core and nothing else: what the machine makes of it is no engine's doing and none of ours."""

    def __init__(self, alone_ms: float) -> None:
        """Work that takes `alone_ms` where nothing hinders it (half of the tries when it was fitted)."""
        self.alone_ms = alone_ms
        self._turns = 1000
        took = statistics.median(self.do() for _ in range(_FITTING))
        self._turns = max(1, round(self._turns * alone_ms / took))

    def do(self) -> float:
        """Do it; gives the milliseconds it took."""
        began, data = time.perf_counter(), b""
        for _ in range(self._turns):
            data = hashlib.sha256(data).digest()
        return (time.perf_counter() - began) * 1000


@dataclass
class _Windows:
    """Milliseconds of each command and of each bare computation, window by window."""

    remote_commands: list[list[float]] = field(default_factory=list)
    bare: list[list[float]] = field(default_factory=list)


class CommandTimes:
    """Measures on one throwaway platform."""

    def __init__(self, bench: Bench, budget: CommandBudget, results: Results) -> None:
        """Write into `results`. `bench.cars` are the cars that make the load."""
        self._bench = bench
        self._budget = budget
        self._results = results

    async def measure(self) -> None:
        """The figures of an idle platform, then those beside half of the status messages that it takes in."""
        bench, log = self._bench, self._bench.settings.log_dir
        async with AsyncExitStack() as stack:
            await bench.start_workers(1)
            stack.callback(bench.stop_workers)
            api = await Child.start(("-m", "openmarque.cli.serve"), bench.environment, log / "api.log")
            stack.callback(api.end)
            owned = [await self._new_car(number) for number in range(2 * self._budget.repeats)]
            folders = [str(self._folder(number)) for number in range(len(owned))]
            cars = await Child.start(("-m", "bench.command_cars", *folders), {}, log / "command-cars.log")
            stack.callback(cars.end)
            port = Ports(bench.settings.run_dir).known(PORT_NAME)
            if port is None:
                raise BenchFailed("the API has no port")
            await asyncio.sleep(_SETTLE_S)
            await self._bare([vehicle_id for vehicle_id, _ in owned])
            apps = []
            for number, (vehicle_id, token) in enumerate(owned):
                app = await App.open(port, token, vehicle_id)
                stack.callback(app.close)
                cars.say(str(number))
                await app.add_phone((await cars.line()).strip())
                apps.append(app)
            first = await self._window(apps[0], remote_commands=min(50, self._budget.remote_commands))
            work = Computation(_share(first, 0.5))
            idle = _Windows()
            for app in apps[: self._budget.repeats]:
                await self._measure(idle, app, work)
            self._tell("idle", idle, work)
            loader = await self._loader()
            stack.callback(loader.end)
            await self._under_load(loader, apps[self._budget.repeats :], work)

    async def _under_load(self, loader: Child, apps: list[App], work: Computation) -> None:
        windows, rates = _Windows(), []
        for app in apps:
            load = await Load.begin(loader)
            await self._measure(windows, app, work)
            rates.append((load.rate, await load.end()))
        asked, published = (round(statistics.median(column)) for column in zip(*rates, strict=True))
        self._tell("loaded", windows, work, status_per_s=asked, published_per_s=published)
        self._results.checks["commands"] = (
            f"every one of {2 * self._budget.repeats * self._budget.remote_commands} commands was done; of the status messages asked for beside, "
            f"at least {min(made / wanted for wanted, made in rates):.1%} were published"
        )
        await ask(loader, do="quit")

    async def _measure(self, windows: "_Windows", app: App, work: Computation) -> None:
        windows.remote_commands.append(await self._window(app, self._budget.remote_commands))
        windows.bare.append(await self._processor(work))

    def _tell(self, name: str, windows: "_Windows", work: Computation, **seen: float) -> None:
        pooled = [took for window in windows.remote_commands for took in window]
        detail = {"remote_commands": len(pooled), **seen}
        self._add(f"command_p50_ms_{name}", [_share(window, 0.5) for window in windows.remote_commands], **detail)
        self._add(f"command_p99_ms_{name}", [_share(window, 0.99) for window in windows.remote_commands], **detail)
        self._add(f"command_p999_ms_{name}", [_share(pooled, 0.999)], **detail)
        self._add(
            f"raw_processor_p99_ms_{name}", [_share(window, 0.99) for window in windows.bare], alone_ms=round(work.alone_ms, 1)
        )

    async def _processor(self, work: Computation) -> list[float]:
        """Milliseconds that one process needs for `work` each time, with the pauses of a window of commands."""
        times = []
        for _ in range(self._budget.remote_commands // 2):
            times.append(work.do())
            await asyncio.sleep(random.expovariate(1 / _PAUSE_S))
        return times

    @staticmethod
    async def _window(app: App, remote_commands: int) -> list[float]:
        """Milliseconds of each command."""
        await app.ask_challenge()
        times = []
        for _ in range(remote_commands):
            times.append(await app.lock() * 1000)
            await asyncio.sleep(random.expovariate(1 / _PAUSE_S))
        return times

    async def _bare(self, cars: list[VehicleId]) -> None:
        """Broker, car and back without database or API: what the way itself costs, by the car's own challenges."""
        broker, waiting = self._bench.platform.broker, dict[tuple[VehicleId, int], asyncio.Future[None]]()

        async def take(batch: list[Message]) -> None:
            for message in batch:
                asked = msgspec.msgpack.decode(message.payload, type=ChallengeAnswer).asked
                if future := waiting.pop((vehicle_of(message.subject), asked), None):
                    future.set_result(None)

        subscription = await broker.subscribe(CHALLENGE.every, take)
        windows = []
        for vehicle_id in cars[: self._budget.repeats]:
            times = []
            for _ in range(min(_ROUNDS, 10 * self._budget.remote_commands)):
                asked = secrets.randbelow(2**53)
                future = waiting[vehicle_id, asked] = asyncio.get_running_loop().create_future()
                began = time.perf_counter()
                frame = msgspec.msgpack.encode(ChallengeRequest(asked))
                await broker.publish(down_subject(vehicle_id, "challenge"), frame)
                await asyncio.wait_for(future, 5)
                times.append((time.perf_counter() - began) * 1000)
            windows.append(times)
        await subscription.close()
        self._add("raw_car_round_trip_p50_ms", [_share(window, 0.5) for window in windows])
        self._add("raw_car_round_trip_p99_ms", [_share(window, 0.99) for window in windows])

    async def _loader(self) -> Child:
        file = self._bench.cars_file(self._bench.cars, "cars-commands")
        loader = await Child.start(
            ("-m", "bench.loader", str(file)), {}, self._bench.settings.log_dir / "loader.log", ready=False
        )
        answer = await ask(loader, do="connect", at_once=32, hello=True, timeout_s=120)
        if answer["live"] != len(self._bench.cars):
            raise BenchFailed(f"{answer['live']} of {len(self._bench.cars)} cars finished the handshake")
        return loader

    async def _new_car(self, number: int) -> tuple[VehicleId, str]:
        """A car with an owner and an active trial, its bundle written; gives the owner's token too."""
        platform, key = self._bench.platform, new_car_key()
        now = platform.clock.now()
        async with platform.database.begin() as tx:
            await platform.garage.store_brand(tx)
            vehicle_id = await platform.garage.register(tx, NewVehicle(f"VF1CMMND0{number:08d}", "brise"), now)
            certificate = await platform.garage.certify(tx, vehicle_id, certificate_request(key, vehicle_id))
            account_id = await platform.accounts.create(tx, "en", "Europe/Paris", now)
            tenure_id = await platform.garage.start_tenure(tx, vehicle_id, account_id, now)
            await platform.contracts.activate_trial(tx, tenure_id, vehicle_id, "connect", now)
            token = await platform.accounts.issue_token(tx, account_id, now)
        contents = BundleContents(
            vehicle_id=vehicle_id,
            host=platform.endpoint.mqtt_host,
            mqtt_port=platform.endpoint.mqtt_port,
            policy_keys=self._public(Purpose.POLICY),
            command_keys=self._public(Purpose.COMMAND),
            key_pem=key_pem(key),
            chain_pem=certificate.chain_pem,
            broker_ca_pem=platform.authority.root_file.read_bytes(),
        )
        write_bundle(self._folder(number), contents)
        return vehicle_id, token

    def _folder(self, number: int) -> Path:
        return self._bench.settings.home / "command-cars" / str(number)

    def _public(self, purpose: Purpose) -> dict[str, bytes]:
        return {name: signing.public_bytes(key) for name, key in self._bench.platform.keys.verifying(purpose).items()}

    def _add(self, name: str, values: list[float], **detail: float) -> None:
        self._results.add(name, values, iso(self._bench.platform.clock.now()), **detail)


def _share(times: list[float], share: float) -> float:
    """The time that `share` of `times` did not exceed."""
    if len(times) < 2:
        return times[0]
    return statistics.quantiles(times, n=1000, method="inclusive")[round(share * 1000) - 1]
