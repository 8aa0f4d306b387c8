"""Compiles PostgreSQL's roles, grants, row policies and constraints from the declarations. REQ GDP-1, PRV-5.

Theory of operation:
    The program logs in as ``om_app``, which may do nothing but take on another role for a transaction. A service's role writes
    the columns that the service itself declares and reads its own tables; it writes a row only while the policy of that car
    and tenure holds one of the declarations that cover the row open. A column covered by fewer declarations than its row
    needs one of those. Keys inside JSON are held by a constraint compiled from the declared signals and keys. Every table with
    a person or car behind it has row security, also against its owner; owners' reads see the tenures named for the transaction.

    The status lane stays free of all this: ``last_values`` is guarded by its ``policy_version`` (a trigger keeps it equal to the
    policy's) and by the constraint on its keys, which costs microseconds; its row policy for the link is a constant.

This module only computes; ``governance.enforcing`` applies and compares.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import JSON, Table

from openmarque.catalogue.declarations import Declaration, Service
from openmarque.catalogue.register import Catalogue
from openmarque.governance.rights import GUARD, PLATFORM_RIGHTS, SERVICE_PLUMBING, Right
from openmarque.kit.errors import OpenMarqueError
from openmarque.storage.roles import LINK, PLATFORM, READER, RETENTION, service_role

PERSON_COLUMNS: Final = frozenset({"tenure_id", "vehicle_id", "account_id", "subject_id"})
"""A table with one of these is about somebody, and has row security."""
SIGNALS_COLUMN: Final = "last_values.signals"
"""The JSON column whose keys are the declared signals."""
DOCUMENT_COLUMNS: Final = ("settings_document.body", "settings_document.lost_body")
"""The JSON columns whose keys are those of the declared structs of settings documents, by the row's kind."""

ARGUMENTS_COLUMN: Final = "vehicle_command.arguments"
"""The JSON column whose keys are the declared arguments of commands."""

_NAME: Final = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_MY_ROWS: Final = "tenure_id = ANY (string_to_array(current_setting('openmarque.tenures', true), ',')::uuid[])"
"""What the reader sees (``rights.TENURES_SETTING``): without the setting, nothing."""
_MY_CARS: Final = "vehicle_id IN (SELECT t.vehicle_id FROM tenure t)"
"""The inner table has row security itself: its rows are the reader's own."""


class Uncompilable(OpenMarqueError):
    """The declarations can't be turned into rules of the database."""

    code = "uncompilable-declarations"
    cure = "Run `openmarque check` and mend what it lists."


@dataclass(frozen=True, slots=True)
class RowPolicy:
    """One row policy. `using` and `check` are SQL conditions; None: the verb has no such part."""

    table: str
    role: str
    verb: str
    using: str | None
    check: str | None

    @property
    def name(self) -> str:
        """Its name in the database, unique within the table."""
        return f"{self.role}_{self.verb.lower()}"[:63]


@dataclass(frozen=True, slots=True)
class KeyCheck:
    """A constraint: JSON `column` of `table` has no key but `keys` at its top; in a row whose ``kind`` is one of `by_kind` only those of the kind.

    `by_kind` None: the table has no kinds. A row of a kind that nobody declares is refused.
    """

    table: str
    column: str
    keys: tuple[str, ...]
    by_kind: tuple[tuple[str, tuple[str, ...]], ...] | None = None
    also_old: bool = True
    """Whether rows that stand already are proved, too. Else those of a service that was taken out go when their days are over."""

    @property
    def name(self) -> str:
        """Its name in the database."""
        return f"ck_{self.table}_{self.column}_declared"[:63]

    @property
    def condition(self) -> str:
        """What has to hold, in SQL."""
        if self.by_kind is None:
            return self._only(self.keys)
        cases = " ".join(f"WHEN {literal(kind)} THEN {self._only(keys)}" for kind, keys in self.by_kind)
        return f"CASE kind {cases} ELSE false END" if cases else "false"

    def _only(self, keys: tuple[str, ...]) -> str:
        return f"\"{self.column}\" - {text_array(keys)} = '{{}}'::jsonb"


@dataclass(frozen=True)
class Enforcement:
    """Everything that is compiled: group roles, grants, tables with row security, their policies, constraints on JSON keys."""

    roles: tuple[str, ...]
    rights: tuple[Right, ...]
    guarded: tuple[str, ...]
    policies: tuple[RowPolicy, ...]
    checks: tuple[KeyCheck, ...]


def compile_enforcement(catalogue: Catalogue, tables: Mapping[str, Table], owners: Mapping[str, str]) -> Enforcement:
    """The rules for `tables` (by name; `owners` gives each one's package). Pure. Raises ``Uncompilable`` for an odd name."""
    for name in (*tables, *(c.name for t in tables.values() for c in t.columns), *(s.name for s in catalogue.services)):
        if not _NAME.fullmatch(name):
            raise Uncompilable(f"{name!r} is not a plain lower-case name.")
    declared = {place for place in catalogue.declared_fields() if "[" not in place}
    owned = {s.name: sorted(t for t, package in owners.items() if package == s.package) for s in catalogue.services}
    rights = [*_platform_rights(tables, declared)]
    for service in catalogue.services:
        rights += _service_rights(service, [tables[name] for name in owned[service.name]])
    guarded = tuple(sorted(name for name, table in tables.items() if not PERSON_COLUMNS.isdisjoint(table.columns.keys())))
    policies = [*_platform_policies(guarded, tables, rights)]
    for service in catalogue.services:
        for name in owned[service.name]:
            policies += _service_policies(service, tables[name])
    return Enforcement(
        roles=(LINK, PLATFORM, READER, RETENTION, *(service_role(s.name) for s in catalogue.services)),
        rights=tuple(rights),
        guarded=guarded,
        policies=tuple(policy for policy in policies if policy.table in guarded),
        checks=tuple(_key_checks(catalogue, tables)),
    )


def json_columns(tables: Iterable[Table]) -> Iterator[tuple[str, str]]:
    """Table and column of every JSON column."""
    return ((table.name, column.name) for table in tables for column in table.columns if isinstance(column.type, JSON))


def declared_keys(catalogue: Catalogue, place: str) -> tuple[str, ...]:
    """The keys that the JSON column `place` may have: signals, arguments, members of settings documents, or ``table.column[key]``."""
    if place == SIGNALS_COLUMN:
        return tuple(sorted(catalogue.declared_signals()))
    if place == ARGUMENTS_COLUMN:
        return tuple(sorted({name for _, spec in catalogue.commands().values() for name in spec.arguments.__struct_fields__}))
    if place in DOCUMENT_COLUMNS:
        return tuple(sorted({key for _, keys in document_keys(catalogue) for key in keys}))
    prefix = f"{place}["
    return tuple(sorted(p.removeprefix(prefix).removesuffix("]") for p in catalogue.declared_fields() if p.startswith(prefix)))


def document_keys(catalogue: Catalogue) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """For each kind of settings document the members of its body."""
    return tuple(
        (kind, tuple(sorted(spec.body.__struct_fields__))) for kind, (_, spec) in sorted(catalogue.documents().items())
    )


def _platform_rights(tables: Mapping[str, Table], declared: set[str]) -> Iterator[Right]:
    for right in PLATFORM_RIGHTS:
        if right.table in tables:
            yield from _narrowed(right, tables[right.table], declared)


def _service_rights(service: Service, tables: Iterable[Table]) -> Iterator[Right]:
    role = service_role(service.name)
    own = {place for declaration in service.declarations for place in declaration.field_levels()}
    for table in tables:
        for verb in ("SELECT", "INSERT", "UPDATE"):
            yield from _narrowed(Right(role, table.name, verb), table, own)
        yield Right(role, table.name, "DELETE")
        yield from _narrowed(Right(READER, table.name, "SELECT"), table, own)
        yield from _narrowed(Right(RETENTION, table.name, "SELECT"), table, own)
        yield Right(RETENTION, table.name, "DELETE")
    yield from (Right(role, table, verb) for table, verb in SERVICE_PLUMBING)


def _narrowed(right: Right, table: Table, declared: set[str]) -> Iterator[Right]:
    """The right on the columns that are declared; a right to delete has no columns, one without columns is none."""
    if right.verb == "DELETE":
        yield right
        return
    wanted = right.columns or tuple(table.columns.keys())
    if columns := tuple(sorted(c for c in wanted if f"{table.name}.{c}" in declared)):
        yield Right(right.role, right.table, right.verb, columns)


def _platform_policies(guarded: Iterable[str], tables: Mapping[str, Table], rights: Iterable[Right]) -> Iterator[RowPolicy]:
    """The platform's roles see every row they have a right on; the reader those of its tenures."""
    roles = {LINK, PLATFORM, RETENTION, GUARD, READER}
    granted = sorted({(right.table, right.role, right.verb) for right in rights if right.role in roles})
    for table, role, verb in granted:
        if table in guarded:
            using = _readers_condition(tables[table]) if role == READER else "true"
            yield RowPolicy(
                table, role, verb, None if verb == "INSERT" else using, using if verb in {"INSERT", "UPDATE"} else None
            )


def _readers_condition(table: Table) -> str:
    if "tenure_id" in table.columns:
        return _MY_ROWS
    return _MY_CARS if "vehicle_id" in table.columns else "false"


def _service_policies(service: Service, table: Table) -> Iterator[RowPolicy]:
    """A service sees its own rows; it writes one while a policy holds it open, and never one without a tenure."""
    role = service_role(service.name)
    condition = _open_condition(service, table)
    yield RowPolicy(table.name, role, "SELECT", "true", None)
    yield RowPolicy(table.name, role, "DELETE", "true", None)
    yield RowPolicy(table.name, role, "INSERT", None, condition)
    yield RowPolicy(table.name, role, "UPDATE", "true", condition)


def _open_condition(service: Service, table: Table) -> str:
    """True for a row that an open policy covers, as a whole and in each column that fewer declarations cover."""
    if "tenure_id" not in table.columns:
        return "false"
    covering = {column: _covering(service, f"{table.name}.{column}") for column in table.columns.keys()}  # noqa: SIM118 - a column collection iterates columns
    every = sorted(set().union(*covering.values()))
    vehicle = "vehicle_id" if "vehicle_id" in table.columns else "NULL"
    conditions = [_is_open(vehicle, every)]
    fewer: dict[tuple[str, ...], list[str]] = {}
    for column, names in covering.items():
        if names and len(names) < len(every):
            fewer.setdefault(tuple(sorted(names)), []).append(f'"{column}"')
    for group, columns in sorted(fewer.items()):
        conditions.append(f"(num_nonnulls({', '.join(columns)}) = 0 OR {_is_open(vehicle, group)})")
    return " AND ".join(conditions)


def _covering(service: Service, place: str) -> set[str]:
    def covers(declaration: Declaration) -> bool:
        return any(field == place or field.startswith(f"{place}[") for field in declaration.field_levels())

    return {declaration.name for declaration in service.declarations if covers(declaration)}


def _is_open(vehicle: str, names: Iterable[str]) -> str:
    return f"om_is_open(tenure_id, {vehicle}, {text_array(names)})"


def _key_checks(catalogue: Catalogue, tables: Mapping[str, Table]) -> Iterator[KeyCheck]:
    for table, column in sorted(json_columns(tables.values())):
        place = f"{table}.{column}"
        by_kind = document_keys(catalogue) if place in DOCUMENT_COLUMNS else None
        also_old = place not in (ARGUMENTS_COLUMN, *DOCUMENT_COLUMNS)
        yield KeyCheck(table, column, declared_keys(catalogue, place), by_kind, also_old)


def text_array(texts: Iterable[str]) -> str:
    """An SQL array literal of `texts`."""
    return "ARRAY[" + ", ".join(literal(text) for text in texts) + "]::text[]"


def literal(text: str) -> str:
    """`text` as an SQL string literal (standard_conforming_strings is on: only the quote needs doubling)."""
    return "'" + text.replace("'", "''") + "'"
