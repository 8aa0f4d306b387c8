"""Security events of the link: one small struct, published for whoever counts and keeps them (REQ LNK-5)."""

from contextlib import suppress

import msgspec

from openmarque.link.broker import Broker, BrokerDown
from openmarque.link.subjects import SECURITY


class SecurityEvent(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something that an honest car doesn't do, or that was done about it. Holds no VIN and no payload."""

    kind: str
    """``connection-refused``, ``publish-violation``, ``subscription-violation``, ``payload-too-large``, ``connection-cut`` …"""
    at: str
    """RFC 3339."""
    vehicle_id: str = ""
    """Wire form; empty when nobody proved to be a car."""
    reason: str = ""


async def publish_event(broker: Broker, event: SecurityEvent) -> None:
    """Publish on ``security.{kind}``; lost if the broker is down, since counting must not stop what is counted."""
    with suppress(BrokerDown):
        await broker.publish(SECURITY.to(kind=event.kind), msgspec.json.encode(event))
