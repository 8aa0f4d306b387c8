"""The platform as a user starts it: ``openmarque up --demo`` (what ``make run`` calls), known only by what it prints and by its pid."""

import json
import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import psutil
import psycopg

from openmarque.engines.postgres import PostgresServer
from openmarque.kit.settings import PREFIX, Settings

ROOT: Final = Path(__file__).parents[2]
PROGRAM: Final = Path(sys.executable).with_name("openmarque")
READY_S: Final = 90.0
"""A machine of two cores needs about eight seconds; one that runs other things at the same time needs more."""
_END_S: Final = 30.0
_MAIL_S: Final = 30.0
_LAST_LINE: Final = re.compile(r"Access token .*: (omt_\S+)")


@dataclass(frozen=True)
class HeadUnitAddress:
    """A line of the card: the model, where its head-unit page is, and what the car does."""

    model: str
    url: str
    what: str


@dataclass
class Card:
    """What the program printed for its visitor."""

    app: str = ""
    email: str = ""
    password: str = ""
    safety_code: str = ""
    token: str = ""
    cars: list[HeadUnitAddress] = field(default_factory=list)


@dataclass
class Running:
    """A platform that runs. `started` is `time.monotonic()` when its process was last begun."""

    home: Path
    environment: dict[str, str]
    cars: int = 5
    process: "subprocess.Popen[str] | None" = None
    started: float = 0.0
    card: Card = field(default_factory=Card)

    def start(self) -> None:
        """Begin it as a user does, and read what it prints."""
        self.started = time.monotonic()
        self.process, lines = spawn([str(PROGRAM), "up", "--demo", "--cars", str(self.cars)], self.environment)
        self.card = _read_card(lines)

    def stop(self) -> None:
        """End it as Ctrl-C does; what doesn't end by itself is killed."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    @property
    def base(self) -> str:
        """The address of the app, without a slash at its end."""
        return self.card.app.rstrip("/")

    def head_unit(self, model: str) -> str:
        """The address of the head-unit page of the first car of `model`."""
        return next(car.url for car in self.card.cars if car.model == model)

    def api(self, path: str) -> Any:
        """What the API answers to the visitor's program."""
        answer = httpx.get(f"{self.base}/api/v1{path}", headers={"Authorization": f"Bearer {self.card.token}"})
        answer.raise_for_status()
        return answer.json()

    def vehicle(self, model: str) -> str:
        """The vehicle id of the demo owner's car of `model`, of which there is one."""
        (found,) = (car["vehicle_id"] for car in self.api("/vehicles")["items"] if car["model"]["name"] == model)
        return str(found)

    def first_value_after_s(self, vehicle_id: str) -> float:
        """Seconds from the start of the program until this car's event stream held a value."""
        url, headers = f"{self.base}/api/v1/vehicles/{vehicle_id}/events", {"Authorization": f"Bearer {self.card.token}"}
        with httpx.stream("GET", url, headers=headers, timeout=READY_S) as lines:
            event = ""
            for line in lines.iter_lines():
                name, _, value = line.partition(": ")
                event = value if name == "event" else event
                if name == "data" and (json.loads(value) if event == "status" else json.loads(value).get("status")):
                    return time.monotonic() - self.started
        raise AssertionError("the stream ended before it held a value")

    def program(self, *arguments: str) -> str:
        """What a command of the program prints, on this platform."""
        done = subprocess.run(
            [PROGRAM, *arguments], env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def link_of_mail(self, to: str) -> str:
        """The link in the only mail to this address, once it has come."""
        (link,) = self.mail(to)["links"]
        return str(link)

    def mail(self, to: str, about: str = "") -> dict[str, Any]:
        """The newest mail to this address whose subject holds `about`, once it has come."""
        deadline = time.monotonic() + _MAIL_S
        while time.monotonic() < deadline:
            # A mailbox tells nobody that a mail came: whoever waits for one looks again.
            mails: list[dict[str, Any]] = json.loads(self.program("mail", "--to", to, "--json"))
            if found := [mail for mail in mails if about in mail["subject"]]:
                return found[-1]
        raise AssertionError(f"no mail {about!r} to {to} within {_MAIL_S:g} s")

    def database(self) -> "psycopg.Connection[Any]":
        """The database as its owner, for what a test can't wait for: time that passes."""
        return psycopg.connect(PostgresServer(Settings(home=self.home)).address())

    def child(self, module: str) -> psutil.Process:
        """The child process that runs `module`."""
        assert self.process is not None
        ours = psutil.Process(self.process.pid).children()
        (found,) = (child for child in ours if child.cmdline()[-2:] == ["-m", module])
        return found


@contextmanager
def up_demo(home: Path, *, cars: int = 5, **settings: object) -> Iterator[Running]:
    """A platform with the demo's first `cars` in `home`, on ports of its own, with `settings` by name; ended afterwards."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)} | {
        f"{PREFIX}HOME": str(home),
        f"{PREFIX}PORT": str(free_port()),
        f"{PREFIX}MQTT_PORT": "0",
        **{f"{PREFIX}{name.upper()}": str(value) for name, value in settings.items()},
        "COLUMNS": "200",
        "PYTHONUNBUFFERED": "1",
    }
    running = Running(home, environment, cars)
    try:
        running.start()
        yield running
    finally:
        running.stop()


def free_port() -> int:
    """A port that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def spawn(command: Sequence[str], environment: dict[str, str]) -> tuple["subprocess.Popen[str]", "queue.Queue[str | None]"]:
    """Start a process in a session of its own; its lines, errors among them, come in the queue, None after the last one."""
    process = subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    lines: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=_read_on, args=(process, lines), daemon=True).start()
    return process, lines


def wait_for_line(
    lines: "queue.Queue[str | None]", wanted: re.Pattern[str], within_s: float
) -> tuple[re.Match[str], list[str]]:
    """The match in the first line that has one, and the lines up to it."""
    deadline, seen = time.monotonic() + within_s, list[str]()
    while True:
        try:
            line = lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            line = None
        if line is None:
            raise AssertionError(f"No {wanted.pattern!r} within {within_s:g} s in:\n{''.join(seen)}")
        seen.append(line)
        if found := wanted.search(line):
            return found, seen


def _read_on(process: "subprocess.Popen[str]", lines: "queue.Queue[str | None]") -> None:
    assert process.stdout is not None
    with process.stdout:
        for line in process.stdout:
            lines.put(line)
    lines.put(None)


def _read_card(lines: "queue.Queue[str | None]") -> Card:
    last, seen = wait_for_line(lines, _LAST_LINE, READY_S)
    card = Card(token=last[1])
    for line in (line.strip().strip("│").strip() for line in seen):
        label, _, value = (part.strip() for part in line.partition("  "))
        match label:
            case "The app":
                card.app = value
            case "E-mail":
                card.email = value
            case "Password":
                card.password = value
            case "Safety code":
                card.safety_code = value
            case _:
                if value.startswith("http") and label != "API":
                    url, _, what = value.partition(" ")
                    card.cars.append(HeadUnitAddress(label, url, what.strip()))
    return card
