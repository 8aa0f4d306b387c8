"""The tokens of NATS ``auth_callout`` (ADR-26): read the server's request, sign our answer. JWT with ``alg`` ed25519-nkey, claims v2."""

import base64
import binascii
import secrets
from datetime import datetime
from typing import Any, Final

import msgspec
import nkeys
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from openmarque.kit.clock import to_ms
from openmarque.kit.errors import CallerError

REQUEST_AUDIENCE: Final = "nats-authorization-request"
_HEADER: Final = {"typ": "JWT", "alg": "ed25519-nkey"}
_UNLIMITED: Final = -1


class BadToken(CallerError):
    """This is no authorisation request of a broker."""

    code = "bad-authorisation-request"


class _Server(msgspec.Struct, frozen=True):
    id: str


class _Client(msgspec.Struct, frozen=True):
    type: str = ""
    kind: str = ""
    mqtt_id: str = ""


class _Tls(msgspec.Struct, frozen=True):
    verified_chains: tuple[tuple[str, ...], ...] = ()


class _Request(msgspec.Struct, frozen=True):
    server_id: _Server
    user_nkey: str
    client_info: _Client = _Client()
    client_tls: _Tls = _Tls()


class _Claims(msgspec.Struct, frozen=True):
    iss: str
    aud: str = ""
    nats: msgspec.Raw = msgspec.Raw(b"{}")


class AuthRequest(msgspec.Struct, frozen=True):
    """What a server asks: who it is, the key it made for this user, and what the client showed."""

    server: str
    user_nkey: str
    client_type: str
    """``mqtt``, ``nats``, ``websocket``."""
    mqtt_id: str
    chain: tuple[str, ...]
    """PEM; the client's own certificate first, empty without a verified one."""


def read_request(token: bytes) -> AuthRequest:
    """Read a request that a server signed with the key that is its id; raises ``BadToken`` for anything else."""
    head, _, signature = token.rpartition(b".")
    try:
        claims = msgspec.json.decode(_unpadded(head.rpartition(b".")[2]), type=_Claims)
        Ed25519PublicKey.from_public_bytes(_raw_public(claims.iss)).verify(_unpadded(signature), head)
        if claims.aud != REQUEST_AUDIENCE:
            raise BadToken("Its audience is another.")
        body = msgspec.json.decode(claims.nats, type=_Request)
    except (msgspec.MsgspecError, ValueError, InvalidSignature) as error:
        raise BadToken(type(error).__name__) from error
    if body.server_id.id != claims.iss:
        raise BadToken("It is not signed by the server that it names.")
    chain = body.client_tls.verified_chains[0] if body.client_tls.verified_chains else ()
    client_type = body.client_info.type.lower() or body.client_info.kind.lower()
    return AuthRequest(claims.iss, body.user_nkey, client_type, body.client_info.mqtt_id, chain)


class Issuer:
    """Signs answers with the account key that the broker's configuration names as issuer."""

    def __init__(self, seed: str) -> None:
        """Take the nkey seed (``SA…``)."""
        _, raw = nkeys.decode_seed(seed.encode("ascii"))
        self._key = Ed25519PrivateKey.from_private_bytes(bytes(raw[:32]))
        self._name = bytes(nkeys.from_seed(bytearray(seed.encode("ascii"))).public_key).decode("ascii")

    def grant(
        self,
        request: AuthRequest,
        *,
        name: str,
        account: str,
        publish: list[str],
        subscribe: list[str],
        expires: datetime,
        now: datetime,
        max_subscriptions: int,
        max_payload: int,
    ) -> bytes:
        """An answer that lets the client into `account` until `expires`, by MQTT only, with exactly these permissions."""
        user = {
            "pub": {"allow": publish},
            "sub": {"allow": subscribe},
            "subs": max_subscriptions,
            "data": _UNLIMITED,
            "payload": max_payload,
            "allowed_connection_types": ["MQTT"],
            "type": "user",
            "version": 2,
        }
        claims = {"sub": request.user_nkey, "aud": account, "name": name, "exp": to_ms(expires) // 1000, "nats": user}
        token = self._sign(claims, now).decode("ascii")
        return self._answer(request, {"jwt": token}, now)

    def refuse(self, request: AuthRequest, reason: str, now: datetime) -> bytes:
        """An answer that lets nobody in; the reason goes to the server's log, not to the client."""
        return self._answer(request, {"error": reason}, now)

    def _answer(self, request: AuthRequest, body: dict[str, Any], now: datetime) -> bytes:
        nats = {**body, "type": "authorization_response", "version": 2}
        return self._sign({"sub": request.user_nkey, "aud": request.server, "nats": nats}, now)

    def _sign(self, claims: dict[str, Any], now: datetime) -> bytes:
        full = {"jti": secrets.token_hex(16), "iat": to_ms(now) // 1000, "iss": self._name, **claims}
        head = _encoded(msgspec.json.encode(_HEADER)) + b"." + _encoded(msgspec.json.encode(full))
        return head + b"." + _encoded(self._key.sign(head))


def _raw_public(text: str) -> bytes:
    """The 32 key bytes of a public nkey (base32: one prefix byte, the key, a CRC-16)."""
    try:
        raw = base64.b32decode(text + "=" * (-len(text) % 8))
    except binascii.Error as error:
        raise BadToken("Its issuer is no nkey.") from error
    if len(raw) != 35:
        raise BadToken("Its issuer is no nkey.")
    return raw[1:33]


def _encoded(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _unpadded(data: bytes) -> bytes:
    return base64.urlsafe_b64decode(data + b"=" * (-len(data) % 4))
