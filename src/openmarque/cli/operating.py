"""What operators' commands do: bring a platform up, add cars to it, run its processes. Commands are in ``platform``."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import psycopg
import structlog
import typer
import uvloop

from openmarque.app import Engines, Platform, bootstrap, start_engines
from openmarque.car.identity import BundleContents, prepare_folder, write_bundle, write_platform
from openmarque.cli.supervisor import Child, Supervisor
from openmarque.domains.garage.service import NewVehicle
from openmarque.engines.nats import read_endpoint
from openmarque.engines.nats_log import follow
from openmarque.engines.postgres import PostgresServer
from openmarque.engines.process import Ports
from openmarque.http.address import PORT_NAME, web_address
from openmarque.kit.clock import Clock, SystemClock, iso
from openmarque.kit.collector import MANY, spare_collector
from openmarque.kit.csr import certificate_request, key_pem, new_car_key
from openmarque.kit.errors import OpenMarqueError
from openmarque.kit.ids import AccountId, TenureId, VehicleId, wire
from openmarque.kit.settings import PREFIX, Settings, load_settings
from openmarque.kit.stopping import until_stopped
from openmarque.link.pki_keys import Purpose
from openmarque.link.security import SecurityEvent, publish_event
from openmarque.protocol import signing
from openmarque.storage.errors import StoreUnavailable
from openmarque.storage.partitions import ensure_partitions
from openmarque.storage.transaction import Transaction

_log = structlog.get_logger("openmarque.operating")
T = TypeVar("T")
PlatformCall = Callable[[Platform], Coroutine[Any, Any, dict[str, Any]]]
"""What a command does on a running platform; the answer is printed."""

DEMO_PLAN: Final = "connect"
SNAPSHOT_EVERY_S: Final = 1800
"""Twice in the hour after which a snapshot counts as old."""
_SIGNALLED: Final = 128
"""What shells add to a signal's number in the exit code of who was ended by it."""
PARTITIONS_EVERY_S: Final = 6 * 3600
"""Months' partitions are made two ahead; looking four times a day leaves no chance to miss a month."""


@asynccontextmanager
async def engines_up(settings: Settings, clock: Clock) -> AsyncIterator[Engines]:
    """The engines of a home: one that dies is started again; all are stopped at the end (those given by URL stay)."""
    starting = asyncio.create_task(start_engines(settings, clock))
    try:
        engines = await asyncio.shield(starting)
    except asyncio.CancelledError:
        # They start in threads, which nothing ends halfway: who is cancelled meanwhile waits for them and stops what has started.
        (started,) = await asyncio.gather(starting, return_exceptions=True)
        if isinstance(started, Engines):
            await started.stop()
        raise
    watch = asyncio.create_task(engines.stack.watch())
    try:
        yield engines
    finally:
        watch.cancel()
        await engines.stop()


async def _nothing(_platform: Platform) -> None:
    """Do nothing while the processes start."""


@asynccontextmanager
async def platform_up(
    settings: Settings, clock: Clock, *, api: bool = True, meanwhile: Callable[[Platform], Awaitable[None]] = _nothing
) -> AsyncIterator[tuple[Platform, Supervisor]]:
    """A whole platform: engines, brand stored, snapshot written, mailbox, gates, workers, scheduler and (unless not wanted) the API.

    `meanwhile` is done while these processes start.
    """
    async with engines_up(settings, clock), bootstrap(settings, clock, pool_size=3) as platform, AsyncExitStack() as stack:
        if settings.smtp_url is None:
            from openmarque.engines.mailbox import mailbox  # here, since children load this module and hold no mailbox

            await stack.enter_async_context(mailbox(settings, clock))
        async with platform.database.begin() as tx:
            await platform.contracts.refuse_dropped(tx, clock.now())
            await platform.garage.store_brand(tx)
        await platform.record_keys()
        await platform.write_snapshot()
        supervisor = Supervisor(environment_of(settings))
        chores = (_report_violations(platform), _renew_snapshot(platform), _keep_partitions(settings, clock))
        tasks = [asyncio.create_task(chore) for chore in chores]
        try:
            if api and not settings.port:
                # Settled before the API runs: what is made meanwhile names its address.
                Ports(settings.run_dir).settle(PORT_NAME, 0, settings.host, held_by_us=False)
            tasks.append(starting := asyncio.create_task(supervisor.start(_children(settings, api=api))))
            await meanwhile(platform)
            await starting
            yield platform, supervisor
        finally:
            for task in tasks:
                task.cancel()
            await supervisor.stop()


async def _report_violations(platform: Platform) -> None:
    """Make security events of what the embedded broker logs of cars: forbidden subjects, oversized frames, broken handshakes.

    A broker given by URL keeps its own log; its operator watches it.
    """
    if platform.settings.nats_url:
        return
    async for seen in follow(platform.settings.log_dir / "nats.log"):
        vehicle_id = wire(seen.vehicle_id) if seen.vehicle_id else ""
        await publish_event(platform.broker, SecurityEvent(str(seen.kind), iso(platform.clock.now()), vehicle_id))


async def _renew_snapshot(platform: Platform) -> None:
    """Write the revocation snapshot anew before it grows old; the gates go on with the last good one meanwhile."""
    while True:
        await asyncio.sleep(SNAPSHOT_EVERY_S)
        try:
            await platform.write_snapshot()
        except StoreUnavailable as error:
            _log.warning("snapshot_not_renewed", detail=error.detail)


def environment_of(settings: Settings) -> dict[str, str]:
    """The environment that makes a child read the same settings."""
    values = {spec.name: getattr(settings, spec.name) for spec in fields(settings) if "convert" in spec.metadata}
    return {f"{PREFIX}{name.upper()}": str(value) for name, value in values.items() if value is not None}


def _children(settings: Settings, *, api: bool) -> list[Child]:
    logs = settings.log_dir
    gates = [Child(f"gate {n}", ("-m", "openmarque.link.gate"), logs / f"gate-{n}.log") for n in range(1, settings.gates + 1)]
    workers = [
        Child(f"worker {n}", ("-m", "openmarque.cli.work"), logs / f"worker-{n}.log") for n in range(1, settings.workers + 1)
    ]
    workers.append(Child("scheduler", ("-m", "openmarque.cli.schedule"), logs / "scheduler.log"))
    web = [Child("api", ("-m", "openmarque.cli.serve"), logs / "api.log")] if api else []
    return [*gates, *workers, *web]


async def provision(platform: Platform, new: NewVehicle, folder: Path) -> VehicleId:
    """Register a car and write the bundle that its telematics unit starts with."""
    async with platform.database.begin() as tx:
        vehicle_id = await platform.garage.register(tx, new, platform.clock.now())
        await _write_bundle(platform, tx, vehicle_id, folder)
    return vehicle_id


async def provision_again(platform: Platform, vin: str, folder: Path) -> VehicleId:
    """A new bundle for a known car: its unit was replaced, or it slept past the end of its certificate. The old ones are revoked.

    Nothing is revoked before `folder` is known to take the new one.
    """
    async with platform.database.begin() as tx:
        vehicle_id = await platform.garage.find(tx, vin)
    await asyncio.to_thread(prepare_folder, folder, vehicle_id)
    await platform.revoke(vehicle_id, "provisioned again")
    async with platform.database.begin() as tx:
        await _write_bundle(platform, tx, vehicle_id, folder)
    return vehicle_id


async def _write_bundle(platform: Platform, tx: Transaction, vehicle_id: VehicleId, folder: Path) -> None:
    """Make the car's key, certify it, write both. The bundle is written before the commit: no certificate without its key."""
    key = new_car_key()
    certificate = await platform.garage.certify(tx, vehicle_id, certificate_request(key, vehicle_id))
    build = await platform.garage.build_of(tx, vehicle_id)
    model = platform.pack.models[build.model_id]
    contents = BundleContents(
        vehicle_id=vehicle_id,
        host=platform.endpoint.mqtt_host,
        mqtt_port=platform.endpoint.mqtt_port,
        policy_keys=_public_keys(platform, Purpose.POLICY),
        command_keys=_public_keys(platform, Purpose.COMMAND),
        app_url=web_address(platform.settings),
        key_pem=key_pem(key),
        chain_pem=certificate.chain_pem,
        broker_ca_pem=platform.authority.root_file.read_bytes(),
        ceiling=build.ceiling,
        levels=build.levels,
        capabilities=model.capabilities,
        top_speed_kmh=model.top_speed_kmh,
        battery_kwh=model.battery_kwh,
    )
    write_bundle(folder, contents)


def renew_addresses(platform: Platform, folder: Path) -> None:
    """Write into a bundle where the platform is today and with which keys it signs: ports of a home may change between two starts."""
    write_platform(
        folder,
        host=platform.endpoint.mqtt_host,
        mqtt_port=platform.endpoint.mqtt_port,
        policy_keys=_public_keys(platform, Purpose.POLICY),
        command_keys=_public_keys(platform, Purpose.COMMAND),
        app_url=web_address(platform.settings),
    )


def _public_keys(platform: Platform, purpose: Purpose) -> dict[str, bytes]:
    """The public halves of a ring's keys by key id."""
    return {name: signing.public_bytes(public) for name, public in platform.keys.verifying(purpose).items()}


async def give_to_owner(platform: Platform, vehicle_id: VehicleId, language: str, now: datetime) -> tuple[TenureId, AccountId]:
    """A new account has the car from now on, with the free trial activated."""
    async with platform.database.begin() as tx:
        account_id = await platform.accounts.create(tx, language, "Europe/Paris", now)
        tenure_id = await platform.garage.start_tenure(tx, vehicle_id, account_id, now)
        await platform.contracts.activate_trial(tx, tenure_id, vehicle_id, DEMO_PLAN, now)
    return tenure_id, account_id


@asynccontextmanager
async def serving(settings: Settings, clock: Clock, pool_size: int = 8) -> AsyncIterator[Platform]:
    """``bootstrap`` for a process that serves owners and cars: raises ``BrandPackInvalid`` where its pack lacks what is sold.

    Processes may be started one by one, each with the settings of its machine, so each looks. While the database is away nothing can be sold
    or closed: a process that is restarted then starts all the same, as cars need it to.
    """
    async with bootstrap(settings, clock, pool_size) as platform:
        try:
            async with platform.database.begin() as tx:
                await platform.contracts.refuse_dropped(tx, clock.now())
        except StoreUnavailable as error:
            _log.warning("pack_not_checked", detail=error.detail)
        yield platform


async def work(settings: Settings, clock: Clock, ready: Callable[[], None]) -> None:
    """One worker process, until it is stopped."""
    async with serving(settings, clock) as platform:
        worker = platform.worker()
        await worker.start()
        spare_collector(MANY)
        ready()
        await until_stopped()
        await worker.stop()


async def _keep_partitions(settings: Settings, clock: Clock) -> None:
    """Make the partitions of coming months, as the database's owner: a worker has no such rights."""
    while True:
        await asyncio.to_thread(_make_partitions, settings, clock)
        await asyncio.sleep(PARTITIONS_EVERY_S)


def _make_partitions(settings: Settings, clock: Clock) -> None:
    with psycopg.connect(PostgresServer(settings).address()) as connection:
        ensure_partitions(connection, clock.now())


def answer(call: PlatformCall, *, as_json: bool) -> None:
    """Carry out `call` on the platform of the settings, which has to run, and print what it answers."""

    async def on_platform() -> dict[str, Any]:
        settings = load_settings()
        await _find_broker(settings)
        async with bootstrap(settings, SystemClock(), pool_size=2) as platform:
            return await call(platform)

    told = run(on_platform())
    if as_json:
        typer.echo(json.dumps(told))
        return
    for name, value in told.items():
        typer.echo(f"{name}: {value}")


class PlatformNotRunning(OpenMarqueError):
    """The platform of these settings does not run, or this user may not enter it."""

    code = "platform-not-running"
    cure = "Start it with `openmarque up`, as the user whose home it is; `openmarque doctor` says what is in the way."


async def _find_broker(settings: Settings) -> None:
    """Raise ``PlatformNotRunning`` where the keys can't be read, or the embedded broker does not listen: a client would try again and again."""
    try:
        # Not the root's key, which nobody needs here: it may have been taken away, or be another user's.
        for path in (*settings.keys_dir.iterdir(), settings.home / "pki" / "cars.key.pem"):
            if not path.is_dir():
                path.open("rb").close()
        if settings.nats_url is None:
            server = urlsplit(read_endpoint(settings).worker.url)
            _, writer = await asyncio.open_connection(server.hostname, server.port)
            writer.close()
    except OSError as error:
        raise PlatformNotRunning(f"Its home is {settings.home} ({error.strerror or type(error).__name__}).") from error


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` on uvloop. Whoever stops us finds nothing left behind: `main` is cancelled once, and unwinds.

    At SIGTERM, SIGINT, or SIGHUP (a closed terminal; not under ``nohup``, and taken as a SIGTERM), the process ends with 128 and the
    signal's number. Where `main` waits for ``until_stopped`` that replaces this, and `main` ends as it likes.
    """
    signalled: list[int] = []

    async def stoppable() -> T:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()

        def stop(number: int) -> None:
            signalled.append(number)
            if task is not None and len(signalled) == 1:  # a second one must not cut the unwinding short
                task.cancel()

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop, number)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            loop.add_signal_handler(signal.SIGHUP, signal.raise_signal, signal.SIGTERM)
        return await main

    try:
        return uvloop.run(stoppable())
    except asyncio.CancelledError:
        if not signalled:
            raise
        raise SystemExit(_SIGNALLED + signalled[0]) from None
