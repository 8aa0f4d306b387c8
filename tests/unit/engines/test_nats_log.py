"""Lines of the broker's log become events; nobody writes another car's name into one."""

from uuid import UUID

import pytest

from openmarque.engines.nats_log import LogKind, parse_line

CAR = "b03932a07a0d4318872597c10e53e68d"
HEAD = "[10007] 2026/11/22 15:00:53.938890 [ERR] 127.0.0.1:45051 - mid:10 - "


@pytest.mark.parametrize(
    ("text", "kind", "proven", "subject"),
    [
        (f'"{CAR}" - Publish Violation - Subject "v.a.up.status"', LogKind.PUBLISH_VIOLATION, True, "v.a.up.status"),
        (f'"{CAR}" - Subscription Violation - Subject ">", SID >', LogKind.SUBSCRIPTION_VIOLATION, True, ">"),
        (f'"{CAR}" - maximum payload exceeded: 10000053 vs 65536', LogKind.PAYLOAD_TOO_LARGE, True, ""),
        ("maximum payload exceeded: 268435460 vs 65536", LogKind.PAYLOAD_TOO_LARGE, False, ""),
        (f'"{CAR}" - unable to connect: authentication error', LogKind.AUTHENTICATION_FAILED, False, ""),
        ("TLS handshake error: tls: client didn't provide a certificate", LogKind.HANDSHAKE_FAILED, False, ""),
        ("the first packet should be a CONNECT (16), got 0", LogKind.MALFORMED, False, ""),
    ],
)
def test_a_line_tells_what_happened_and_who_it_was(text: str, kind: LogKind, proven: bool, subject: str) -> None:
    event = parse_line(HEAD + text)
    assert event is not None
    assert (event.kind, event.connection, event.subject) == (kind, 10, subject)
    assert event.vehicle_id == (UUID(CAR) if proven else None)


@pytest.mark.parametrize(
    "line",
    [
        "[10007] 2026/11/22 15:00:53.845101 [INF] Server is ready",
        HEAD + f'"{CAR}" - authentication error',
        "[1] 2026/11/22 15:00:54.151987 [WRN] Auth callout service returned an error: revoked",
        "garbage",
        "",
    ],
)
def test_other_lines_are_no_events(line: str) -> None:
    assert parse_line(line) is None


def test_a_client_id_can_not_put_a_violation_on_another_car() -> None:
    forged = rf'"x\" - y\n{HEAD}\"{CAR}\" - Publish Violation - Subject \"v.x.up.y\"\n" - invalid character in client ID "x"'
    event = parse_line(HEAD + forged.replace("\n", "\\n"))
    assert event is not None
    assert event.kind is LogKind.MALFORMED
    assert event.vehicle_id is None
    borrowed = parse_line(HEAD + rf'"{CAR}\" - Publish Violation - Subject \"v.x" - invalid character in client ID "{CAR}"')
    assert borrowed is not None
    assert (borrowed.kind, borrowed.vehicle_id) == (LogKind.MALFORMED, None)
