"""What the declarations of a service become in the database: rights, row policies, constraints. Pure; PostgreSQL is asked elsewhere."""

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from openmarque.catalogue.declarations import MONTHS_12, Declaration, Item, LegalBasis, Service
from openmarque.catalogue.register import Catalogue
from openmarque.governance.database import Enforcement, Uncompilable, compile_enforcement
from openmarque.governance.rights import Right


def declaration(name: str, *fields: str) -> Declaration:
    return Declaration(name, 1, LegalBasis.CONTRACT, (Item("all", MONTHS_12, fields=fields),))


def compiled(columns: list[str], *declarations: Declaration, table: str = "note") -> Enforcement:
    made_columns = [Column(c, JSONB if c == "extra" else Uuid if c.endswith("_id") else Text) for c in columns]
    made = Table(table, MetaData(), *made_columns, Column("undeclared", Integer))
    catalogue = Catalogue([Service("notes", "notes", declarations)])
    return compile_enforcement(catalogue, {table: made}, {table: "notes"})


def check_of(rules: Enforcement, verb: str = "INSERT") -> str | None:
    return next(p.check for p in rules.policies if p.role == "om_svc_notes" and p.verb == verb)


def test_a_service_may_write_the_columns_it_declares_and_no_other():
    rules = compiled(["tenure_id", "text"], declaration("notes", "note.tenure_id", "note.text"))
    assert Right("om_svc_notes", "note", "INSERT", ("tenure_id", "text")) in rules.rights
    assert not any("undeclared" in right.columns for right in rules.rights)
    assert {r.table for r in rules.rights if r.role == "om_svc_notes"} == {"note", "outbox", "timer"}


def test_a_row_needs_an_open_declaration_and_a_column_of_fewer_declarations_needs_one_of_those():
    rules = compiled(
        ["tenure_id", "vehicle_id", "text", "place"],
        declaration("notes", "note.tenure_id", "note.vehicle_id", "note.text"),
        declaration("note_places", "note.tenure_id", "note.vehicle_id", "note.place"),
    )
    assert check_of(rules) == (
        "om_is_open(tenure_id, vehicle_id, ARRAY['note_places', 'notes']::text[])"
        " AND (num_nonnulls(\"place\") = 0 OR om_is_open(tenure_id, vehicle_id, ARRAY['note_places']::text[]))"
        " AND (num_nonnulls(\"text\") = 0 OR om_is_open(tenure_id, vehicle_id, ARRAY['notes']::text[]))"
    )


def test_nothing_can_be_written_that_belongs_to_no_tenure():
    rules = compiled(["vehicle_id", "text"], declaration("notes", "note.vehicle_id", "note.text"))
    assert check_of(rules) == "false"


def test_json_has_the_declared_keys_and_none_when_none_is_declared():
    one = compiled(["tenure_id", "extra"], declaration("notes", "note.tenure_id", "note.extra", "note.extra[colour]"))
    none = compiled(["tenure_id", "extra"], declaration("notes", "note.tenure_id", "note.extra"))
    assert [(c.name, c.keys) for c in one.checks] == [("ck_note_extra_declared", ("colour",))]
    assert [c.keys for c in none.checks] == [()]


@pytest.mark.parametrize("name", ['note"; DROP TABLE trip; --', "Note", "note table"])
def test_a_name_that_could_be_sql_is_refused(name):
    with pytest.raises(Uncompilable):
        compiled(["tenure_id"], declaration("notes", f"{name}.tenure_id"), table=name)
