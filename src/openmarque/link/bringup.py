"""What must exist before the broker may take cars: an authority, the broker's certificate, a revocation snapshot, a running gate."""

import os
import secrets
import subprocess
import sys
from pathlib import Path
from typing import IO, cast

from openmarque.engines.errors import EngineError
from openmarque.engines.nats_config import NatsPlan
from openmarque.engines.process import ensure_home, kept_secret, open_log, tail
from openmarque.kit.clock import Clock
from openmarque.kit.settings import Settings
from openmarque.link.pki import CertificateAuthority
from openmarque.link.pki_keys import KeyRing
from openmarque.link.revocation import snapshot_file, write_snapshot
from openmarque.link.subjects import WORKER_PUBLISH, WORKER_SUBSCRIBE


def authority(settings: Settings, clock: Clock, *, name: str = "OpenMarque") -> CertificateAuthority:
    """The home's certificate authority, made (root included) if there is none; `name` is the brand's, in the certificates' names.

    Without a passphrase in the settings one is generated into ``pki/root.passphrase``: an operator moves it and ``root.key.pem``
    to a safe, and `doctor` says so as long as they are here.
    """
    directory = ensure_home(settings.home) / "pki"
    passphrase = settings.ca_passphrase
    if not passphrase and not (directory / "cars.key.pem").exists():
        passphrase = kept_secret(directory / "root.passphrase", lambda: secrets.token_urlsafe(24))
    return CertificateAuthority.create(directory, clock, name=name, passphrase=passphrase or "")


def broker_plan(settings: Settings, clock: Clock, ca: CertificateAuthority) -> NatsPlan:
    """The broker's plan: its certificate (renewed when due) and what workers may do; makes an empty snapshot if there is none."""
    certificate, key = ca.server_files([name.strip() for name in settings.mqtt_names.split(",") if name.strip()])
    path = snapshot_file(settings.home)
    if not path.exists():
        write_snapshot(path, KeyRing(settings.keys_dir, clock), clock, version=0)
    return NatsPlan(certificate, key, ca.car_anchors_file, WORKER_PUBLISH, WORKER_SUBSCRIBE)


class GateProcess:
    """A connection gate as a child process of ours (``python -m openmarque.link.gate``)."""

    def __init__(self, settings: Settings) -> None:
        """Serve the home of `settings`; the child reads the same file and environment (values of the command line don't reach it)."""
        self._settings = settings
        self.log: Path = settings.log_dir / "gate.log"
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and return when it answers the broker. Raises ``EngineError`` with the end of its log if it ends instead."""
        environment = {**os.environ, "OPENMARQUE_HOME": str(self._settings.home)}
        with open_log(self.log) as errors:
            child = subprocess.Popen(
                [sys.executable, "-m", "openmarque.link.gate"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environment,
            )
        self._child = child
        with cast("IO[bytes]", child.stdout) as output:
            answered = output.readline().strip() == b"ready"
        if not answered:
            self.stop()
            raise EngineError(f"The connection gate ended while it started. {tail(self.log, 1)}", log=self.log)

    def stop(self) -> None:
        """End it, and return when it is gone."""
        if not self._child:
            return
        self._child.terminate()
        try:
            self._child.wait(5)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    @property
    def pid(self) -> int:
        """Its process number; 0 before the first start."""
        return self._child.pid if self._child else 0
