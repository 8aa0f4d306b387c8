"""Ways past the declarations in what a service declares, in its tables and in its code, each planted and each found by `openmarque check`.

A probe service is added to those that are installed; each mutant changes one thing of it, or adds one module. Nothing is started: the check
reads the catalogue, the tables and the code that it is given. What is done to a database is caught in tests/acceptance/test_mutants.py.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import BigInteger, Column, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from openmarque.brands.pack import load_pack
from openmarque.catalogue.declarations import MONTHS_2, OVERWRITTEN, Declaration, Item, LegalBasis, Processor, Service
from openmarque.catalogue.register import Catalogue, CatalogueInvalid, installed_services
from openmarque.governance.check import subjects
from openmarque.governance.check.code import Code
from openmarque.governance.check.finding import Finding
from openmarque.governance.check.run import check_installation, static_findings
from openmarque.governance.platform import platform_declarations, table_owners
from openmarque.link.subjects import SUBJECTS, Subject
from openmarque.protocol.envelope import Lane
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import MessageType
from openmarque.storage.base import import_tables

PACKAGE = "openmarque.services.probe"


class NoteWritten(msgspec.Struct):
    text: str = ""


class NoteOfDriver(NoteWritten):
    driver: str = ""


ITEM = Item(
    "notes",
    MONTHS_2,
    fields=tuple(f"note.{column}" for column in ("note_id", "tenure_id", "vehicle_id", "received_at", "text")),
    carried=("wire:note_written.text",),
)
DECLARATION = Declaration(
    name="probe",
    version=1,
    basis=LegalBasis.CONTRACT,
    level=Level.DATA,
    messages=("note_written",),
    items=(ITEM,),
)
MESSAGE = MessageType("note_written", Lane.EVENT, NoteWritten, Level.DATA, "a note", "probe")


def note(metadata: MetaData) -> Table:
    return Table(
        "note",
        metadata,
        Column("note_id", Uuid, primary_key=True),
        Column("tenure_id", Uuid),
        Column("vehicle_id", Uuid),
        Column("received_at", BigInteger),
        Column("text", Text),
    )


@dataclass(frozen=True)
class Mutant:
    """What is changed, and the finding: its code, and what the place of it names."""

    code: str
    where: str
    declaration: Declaration = DECLARATION
    message: MessageType = MESSAGE
    change: Callable[[Table], object] = field(default=lambda table: table)


def kept(**changes: Any) -> Declaration:
    return replace(DECLARATION, items=(replace(ITEM, **changes),))


FOUND = {
    "a declaration whose purpose nobody wrote": Mutant("text-missing", "probe"),
    "a column without declaration": Mutant(
        "undeclared-column", "note.driver", change=lambda table: table.append_column(Column("driver", BigInteger))
    ),
    "a JSON column whose keys nobody declared": Mutant(
        "json-without-keys", "note.extra", change=lambda table: table.append_column(Column("extra", JSONB))
    ),
    "a table of a service without tenure": Mutant(
        "unguarded-table", "note", change=lambda table: table._columns.remove(table.c.tenure_id)
    ),
    "a table that belongs to nobody": Mutant(
        "unowned-table", "spy", change=lambda table: Table("spy", table.metadata, Column("spy_id", Uuid))
    ),
    "a field of a message": Mutant(
        "undeclared-message-field", "note_written.driver", message=replace(MESSAGE, body=NoteOfDriver)
    ),
    "an item without retention": Mutant("no-retention", "probe: notes", kept(retention=None)),
    "an item kept for two different times": Mutant(
        "two-retentions", "note.text", replace(DECLARATION, items=(ITEM, Item("copy", OVERWRITTEN, fields=("note.text",))))
    ),
}
REFUSED = {
    "a message that names no declaration": ((DECLARATION,), replace(MESSAGE, declaration=None)),
    "a signal that VSS does not have": ((kept(signals=("Vehicle.Driver.Mood",)),), MESSAGE),
    "a processor outside the EEA without guarantee": (
        (replace(DECLARATION, processors=(Processor("X", "hosting", "US"),)),),
        MESSAGE,
    ),
}

ADDED = {
    "a statement in small letters": ("_X = 'insert into note (driver) values (1)'", "unreadable-statement"),
    "a statement that merges": ("_X = 'MERGE INTO trip USING x ON true WHEN MATCHED THEN DELETE'", "unreadable-statement"),
    "a table made by a selection": ("_X = 'SELECT * INTO note FROM trip'", "unreadable-statement"),
    "a temporary table": ("_X = 'CREATE TEMP TABLE note (driver text)'", "unreadable-statement"),
    "a statement in bytes": ("_X = b'INSERT INTO spy (driver) VALUES (1)'", "undeclared-table"),
    "a cookie": ("def _x(response, place):\n    response.set_cookie('place', place)", "undeclared-header"),
    "a header in the raw list": ("def _x(response, p):\n    response.raw_headers.append((b'place', p))", "undeclared-header"),
    "a header of a dict that is called": ("def _x(get, p):\n    get('x', headers=dict(Place=p))", "undeclared-header"),
    "a log past the guard": (
        "import logging\n\n\ndef _x(place):\n    logging.getLogger().info('%s', place)",
        "undeclared-log-field",
    ),
    "a line on the standard error": ("import sys\n\n\ndef _x(place):\n    sys.stderr.write(place)", "undeclared-log-field"),
    "a bucket of keys and values": ("async def _x(js):\n    await js.create_key_value(bucket='places')", "undeclared-object"),
    "a mail's body in a module that imports no mail": (
        "def _x(message, place):\n    message.add_alternative(f'{place}', subtype='html')",
        "undeclared-mail-field",
    ),
    "a JSON key written by code": ('_X = Jsonb({"Vehicle.Driver.Mood": 1})', "undeclared-json-key"),
    "a JSON key read by SQL": ("_X = \"SELECT signals->'Vehicle.Driver.Mood'\"", "undeclared-json-key"),
    "a log field": ('def _x(log):\n    log.info("trip_kept", place=1)', "undeclared-log-field"),
    "a field bound to the log": ('def _x(log):\n    log.bind(place=1).info("x")', "undeclared-log-field"),
    "a subject written in code": (
        'async def _x(broker):\n    await broker.publish("telemetry.raw", b"")',
        "undeclared-subject",
    ),
    "a subject computed in code": (
        'async def _x(broker, v):\n    await broker.publish(f"spy.{v}.up", b"")',
        "undeclared-subject",
    ),
    "a topic with the VIN": ('def up_topic(vin):\n    return f"v/{vin}/up/event"', "vin-in-subject"),
    "a header": ('def _x(send):\n    send(headers={"X-Driver": "1"})', "undeclared-header"),
    "a header set afterwards": ('def _x(answer):\n    answer.headers["X-Driver"] = "1"', "undeclared-header"),
    "SQL that writes another service's table": ('_X = "INSERT INTO trip (tenure_id) VALUES (%s)"', "foreign-write"),
    "SQL that writes a domain's table": ('_X = "UPDATE tenure SET ended_at = %s"', "foreign-write"),
    "SQL that writes an undeclared column": (
        '_X = "UPDATE trip t SET distance_m = %s, driver = %s WHERE true"',
        "undeclared-column",
    ),
    "SQL that writes an undeclared table": ('_X = "INSERT INTO spy VALUES (1)"', "undeclared-table"),
    "SQL that computes its table": ('_X = f"DELETE FROM {_ROLE}"', "undeclared-table"),
    "an object in the object store": ('async def _x(js):\n    await js.object_store("faces")', "undeclared-object"),
    "a field of a mail": (
        'from email.message import EmailMessage\n\ndef _x(place):\n    m = EmailMessage()\n    m.set_content(f"At {place}")',
        "undeclared-mail-field",
    ),
}

TABLES, OWNERS = import_tables(), table_owners()


def service(declarations: tuple[Declaration, ...] = (DECLARATION,), message: MessageType = MESSAGE) -> Service:
    return Service("probe", PACKAGE, declarations, (message,))


def check(mutant: Mutant, code: Sequence[Code] = ()) -> list[Finding]:
    """What the check finds with the probe installed, the mutant of it."""
    metadata = MetaData()
    for table in TABLES.values():
        table.to_metadata(metadata)
    mutant.change(note(metadata))
    catalogue = Catalogue(
        [*installed_services(), service((mutant.declaration,), mutant.message)], platform_declarations(), load_pack()
    )
    return list(static_findings(catalogue, metadata.tables, OWNERS | {"note": PACKAGE}, code))


def test_of_the_probe_itself_nothing_is_missing_but_its_words():
    assert {finding.code for finding in check(Mutant("", ""))} == {"text-missing"}


@pytest.mark.req("GDP-1a", "GDP-1d", "GDP-12b")
@pytest.mark.parametrize("name", FOUND)
def test_check_finds_in_a_changed_service(name: str):
    mutant = FOUND[name]
    assert any(f.code == mutant.code and mutant.where in f.where for f in check(mutant))


@pytest.mark.req("GDP-8b")
@pytest.mark.parametrize("name", REFUSED)
def test_check_finds_a_service_that_can_not_be_part_of_a_catalogue(name: str, monkeypatch: pytest.MonkeyPatch):
    declarations, message = REFUSED[name]
    installed = [*installed_services(), service(declarations, message)]
    with pytest.raises(CatalogueInvalid):
        Catalogue(installed)
    monkeypatch.setattr("openmarque.governance.platform.installed_services", lambda: installed)
    assert {finding.code for finding in check_installation(None)} == {"invalid-catalogue"}


def test_check_finds_a_retention_that_the_brand_forgot_or_says_differently():
    pack = load_pack()
    asked, days = next(iter(pack.retention.items()))
    for said, code in (({}, "no-retention"), ({**pack.retention, asked: days * 2}, "two-retentions")):
        catalogue = Catalogue(installed_services(), platform_declarations(), msgspec.structs.replace(pack, retention=said))
        found = {f.where for f in static_findings(catalogue, TABLES, OWNERS, ()) if f.code == code}
        assert any(asked.replace(".", ": ", 1) in where for where in found), found


def test_check_finds_a_declared_subject_without_purpose(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(subjects, "SUBJECTS", (Subject("spy.{kind}", ""), *SUBJECTS))
    assert [(f.code, f.where) for f in subjects.findings(())] == [("subject-without-purpose", "spy.{kind}")]


@pytest.mark.parametrize("name", ADDED)
def test_check_finds_in_an_added_module(name: str):
    text, code = ADDED[name]
    module = Code(Path("mutant.py"), f"{PACKAGE}.mutant", text)
    assert code in {finding.code for finding in check(Mutant("", ""), [module]) if "probe/mutant" in finding.where}
