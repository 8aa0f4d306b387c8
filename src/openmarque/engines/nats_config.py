"""The configuration of nats-server, as text: of the embedded one, and the same for an operator who runs it (`openmarque broker config`)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

MAX_PAYLOAD: Final = 64 * 1024
"""Bytes of the largest message. The largest frame of the link (a full outbox batch) stays below 32 KiB; what is larger comes from
no car of ours, and the broker cuts that connection before the message is in memory as a whole."""


@dataclass(frozen=True)
class NatsPlan:
    """What the link wants of the broker."""

    cert_file: Path
    """Chain of the broker's certificate, PEM."""
    key_file: Path
    ca_file: Path
    """Certificates (root and every intermediate) below which a car's certificate must be, PEM."""
    worker_publish: Sequence[str]
    worker_subscribe: Sequence[str]


@dataclass(frozen=True)
class Identities:
    """Public nkeys: who signs the gate's answers, and our three roles."""

    issuer: str
    gate: str
    worker: str
    system: str


@dataclass(frozen=True)
class NatsPlace:
    """Where a broker listens, as ``host:port``, and keeps its files."""

    name: str
    account: str
    """In which cars and workers meet."""
    listen: str
    """For our own processes."""
    mqtt_listen: str
    """For cars."""
    store: Path
    log: Path
    tls: bool = False
    """Whether our own processes come by TLS too, for a broker that is on another machine."""
    head: str = "Written by OpenMarque at each start; changes are lost."


def config_text(plan: NatsPlan, who: Identities, place: NatsPlace) -> str:
    """The whole file. Paths and names are quoted as JSON strings, which the NATS syntax takes but for escapes of letters: they stay as they are."""
    q = partial(json.dumps, ensure_ascii=False)
    tls = f"tls {{ cert_file: {q(str(plan.cert_file))}, key_file: {q(str(plan.key_file))}, timeout: 5 }}\n" if place.tls else ""
    return f"""\
# {place.head}
server_name: {q(place.name)}
listen: {q(place.listen)}
{tls}max_payload: {MAX_PAYLOAD}
max_connections: 65536
write_deadline: "10s"
# It holds 1,024 subjects. Each car has its own, so that it would be filled and emptied without end.
disable_sublist_cache: true
lame_duck_duration: "30s"
lame_duck_grace_period: "1s"
log_file: {q(str(place.log))}
logfile_size_limit: 64MB
logfile_max_num: 4
logtime_utc: true
connect_error_reports: 1

# MQTT keeps its sessions here; 10,000 cars take some megabytes.
jetstream {{ store_dir: {q(str(place.store))}, max_memory_store: 256MB, max_file_store: 4GB }}

mqtt {{
  # The link uses QoS 0; what a car leaves half sent at QoS 2 would be kept for it without end.
  reject_qos2_publish: true
  listen: {q(place.mqtt_listen)}
  tls {{
    cert_file: {q(str(plan.cert_file))}
    key_file: {q(str(plan.key_file))}
    ca_file: {q(str(plan.ca_file))}
    verify: true
    min_version: "1.3"
    timeout: 5
  }}
}}

accounts {{
  {place.account} {{
    jetstream: enabled
    users: [ {{ nkey: {who.worker}, permissions: {{
      publish: {{ allow: {q(list(plan.worker_publish))} }}
      subscribe: {{ allow: {q(list(plan.worker_subscribe))} }}
    }} }} ]
  }}
  GATE {{ users: [ {{ nkey: {who.gate} }} ] }}
  SYS {{ users: [ {{ nkey: {who.system} }} ] }}
}}
system_account: SYS

authorization {{
  timeout: 5
  auth_callout {{
    issuer: {who.issuer}
    account: GATE
    auth_users: [ {who.gate}, {who.worker}, {who.system} ]
  }}
}}
"""
