"""Applies the compiled rules to a database, and tells where a database differs from them.

Applying is idempotent and total: rights of any role but the owner that the declarations don't give are taken away, foreign row
policies on our tables dropped. `drift` applies the rules in a savepoint, compares what the database says before and after,
and rolls back; so it needs no second description of what PostgreSQL makes of an expression.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

import psycopg
from psycopg import sql

from openmarque.governance.database import Enforcement, KeyCheck, RowPolicy, compile_enforcement, literal
from openmarque.governance.platform import installed_catalogue, table_owners
from openmarque.governance.rights import APP, GUARD, Right
from openmarque.storage.base import import_tables

Connection = psycopg.Connection[Any]

_IS_OPEN: Final = """
CREATE OR REPLACE FUNCTION public.om_is_open(p_tenure uuid, p_vehicle uuid, p_declarations text[]) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF p_vehicle IS NULL THEN
        RETURN EXISTS (SELECT FROM public.car_policy p WHERE p.tenure_id = p_tenure AND p.open_declarations && p_declarations);
    END IF;
    RETURN EXISTS (SELECT FROM public.car_policy p
                    WHERE p.vehicle_id = p_vehicle AND p.tenure_id = p_tenure AND p.open_declarations && p_declarations);
END $$"""
"""PL/pgSQL keeps its plan; an SQL function that is SECURITY DEFINER is planned anew in each statement."""
_FOLLOW: Final = (
    """CREATE OR REPLACE FUNCTION public.om_follow_policy_version() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
       SET search_path = pg_catalog, pg_temp AS $$
       BEGIN
           UPDATE public.last_values SET policy_version = NEW.version WHERE vehicle_id = NEW.vehicle_id;
           RETURN NULL;
       END $$""",
    """CREATE OR REPLACE TRIGGER follow_policy_version AFTER INSERT OR UPDATE OF version ON public.car_policy
       FOR EACH ROW EXECUTE FUNCTION public.om_follow_policy_version()""",
)
"""Migration 0001 made these, and says why; here they are kept as they are."""
TRIGGERS: Final = frozenset({"follow_policy_version"})
"""Every trigger that belongs in the database, PostgreSQL's own aside."""
_OWNER_MAY_ACT_AS_GUARD: Final = """
DO $$ BEGIN
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AND NOT pg_has_role(current_user, 'om_guard', 'USAGE') THEN
        EXECUTE format('GRANT om_guard TO %I', current_user);
    END IF;
END $$"""
"""An owner that is no superuser gives functions to a role only as its member."""
_FUNCTIONS: Final = ("om_is_open(uuid, uuid, text[])", "om_follow_policy_version()")


class Fact(NamedTuple):
    """One thing that the database says of itself: a grant, policy, constraint, flag, membership or function."""

    kind: str
    where: str
    what: str


def installed_enforcement() -> Enforcement:
    """The rules compiled from what is installed."""
    return compile_enforcement(installed_catalogue(), import_tables(), table_owners())


def enforce(connection: Connection) -> None:
    """Apply the rules of this installation, in the transaction of `connection` (the owner's): what ``migrate`` calls."""
    apply(connection, installed_enforcement())


def apply(connection: Connection, rules: Enforcement) -> None:
    """Make the database's roles, grants, row policies and constraints equal to `rules`."""
    _apply(connection, rules, validate=True)


def set_app_password(connection: Connection, password: str) -> None:
    """Set the password of the login role ``om_app``."""
    connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(APP), sql.Literal(password)))


def drift(connection: Connection, rules: Enforcement) -> tuple[set[Fact], set[Fact]]:
    """What the database has too much and what it lacks, compared with `rules`. Leaves it as it was."""
    connection.execute("SET LOCAL lock_timeout = '3s'")
    with connection.transaction(force_rollback=True):
        before = set(describe(connection))
        _apply(connection, rules, validate=False)
        after = set(describe(connection))
    return before - after, after - before


def describe(connection: Connection) -> Iterator[Fact]:
    """Everything about rights that the database says of itself, owner's and superusers' aside."""
    for query in _DESCRIPTIONS:
        yield from (Fact(*row) for row in connection.execute(query).fetchall())


def _apply(connection: Connection, rules: Enforcement, *, validate: bool) -> None:
    _run(connection, _roles(rules))  # first, for what follows asks about them
    _run(connection, [*_tamed_roles(connection, rules), *_revocations(connection, rules), *_grants(rules), *_functions(rules)])
    _run(connection, _row_security(connection, rules))
    for check in rules.checks:
        _apply_check(connection, check, validate=validate)


def _run(connection: Connection, statements: Iterable[str]) -> None:
    if script := ";\n".join(statements):
        connection.execute(script.encode())


def _roles(rules: Enforcement) -> Iterator[str]:
    for role in (APP, GUARD, *rules.roles):
        login = "LOGIN" if role == APP else "NOLOGIN"
        # Roles belong to the server, not the database: another platform on it may make the same one at this moment.
        yield (
            f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {literal(role)}) THEN"
            f" CREATE ROLE {role} {login} NOINHERIT; END IF; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        )
    for role in rules.roles:
        yield _member(role, APP, "INHERIT FALSE, SET TRUE")
    yield _OWNER_MAY_ACT_AS_GUARD


def _member(role: str, member: str, options: str) -> str:
    return (
        "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_auth_members m WHERE m.roleid = "
        f"'{role}'::regrole AND m.member = '{member}'::regrole AND m.set_option AND NOT m.inherit_option)"
        f" THEN GRANT {role} TO {member} WITH {options}; END IF; END $$"
    )


def _tamed_roles(connection: Connection, rules: Enforcement) -> Iterator[str]:
    """Take from our roles every attribute and membership that would lead past grants and row policies."""
    ours = [APP, GUARD, *rules.roles]
    for (role,) in connection.execute(
        "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)"
        " AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication)",
        [ours],
    ).fetchall():
        yield f"ALTER ROLE {role} NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB NOREPLICATION"
    for group, member in connection.execute(
        "SELECT quote_ident(m.roleid::regrole::text), m.member::regrole::text FROM pg_auth_members m"
        " WHERE m.member::regrole::text = ANY(%s)"
        " AND NOT (m.member::regrole::text = %s AND m.roleid::regrole::text LIKE 'om!_%%' ESCAPE '!' AND m.roleid::regrole::text <> %s)",
        [ours, APP, GUARD],
    ).fetchall():
        yield f"REVOKE {group} FROM {member}"


def _revocations(connection: Connection, rules: Enforcement) -> Iterator[str]:
    yield "REVOKE ALL ON SCHEMA public, om_partition FROM PUBLIC"
    yield from _revoke_from_database(connection)
    grantees = connection.execute(_GRANTEES).fetchall()
    for kind, name, grantee in grantees:
        yield f"REVOKE ALL ON {kind} {name} FROM {grantee}"
    for role in (APP, GUARD, *rules.roles):
        yield f"REVOKE ALL ON SCHEMA public FROM {role}"
        yield f"GRANT USAGE ON SCHEMA public TO {role}"


def _revoke_from_database(connection: Connection) -> Iterator[str]:
    name = sql.Identifier(connection.info.dbname).as_string(connection)
    yield f"REVOKE ALL ON DATABASE {name} FROM PUBLIC"
    yield f"GRANT CONNECT ON DATABASE {name} TO {APP}"


def _grants(rules: Enforcement) -> Iterator[str]:
    return (_grant(right) for right in rules.rights)


def _grant(right: Right) -> str:
    columns = f" ({', '.join(f'{chr(34)}{c}{chr(34)}' for c in right.columns)})" if right.columns else ""
    return f'GRANT {right.verb}{columns} ON "{right.table}" TO {right.role}'


def _functions(rules: Enforcement) -> Iterator[str]:
    yield from (_IS_OPEN, *_FOLLOW)
    # Giving a function away needs the right to make one in its schema, for a moment.
    yield f"GRANT CREATE ON SCHEMA public TO {GUARD}"
    for function in _FUNCTIONS:
        yield f"ALTER FUNCTION public.{function} OWNER TO {GUARD}"
        yield f"REVOKE ALL ON FUNCTION public.{function} FROM PUBLIC"
    yield f"REVOKE CREATE ON SCHEMA public FROM {GUARD}"
    for role in sorted({policy.role for policy in rules.policies if "om_is_open" in (policy.check or "")}):
        yield f"GRANT EXECUTE ON FUNCTION public.{_FUNCTIONS[0]} TO {role}"


def _row_security(connection: Connection, rules: Enforcement) -> Iterator[str]:
    for table, name in connection.execute(
        "SELECT polrelid::regclass::text, quote_ident(polname) FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid"
        " WHERE c.relnamespace = 'public'::regnamespace"
    ).fetchall():
        yield f"DROP POLICY {name} ON {table}"
    for guarded in rules.guarded:
        yield f'ALTER TABLE "{guarded}" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY'
    yield from map(_create_policy, rules.policies)


def _create_policy(policy: RowPolicy) -> str:
    using = f" USING ({policy.using})" if policy.using is not None else ""
    check = f" WITH CHECK ({policy.check})" if policy.check is not None else ""
    return f'CREATE POLICY {policy.name} ON "{policy.table}" FOR {policy.verb} TO {policy.role}{using}{check}'


def _apply_check(connection: Connection, check: KeyCheck, *, validate: bool) -> None:
    """Make the constraint under a passing name, compare it as PostgreSQL writes it, and replace the old one only if they differ.

    So an unchanged list costs no scan of the table; `validate` False leaves even a new one unproved on old rows.
    """
    old = _constraint(connection, check.table, check.name)
    fresh = f"{check.name[:58]}_new"
    connection.execute(f'ALTER TABLE "{check.table}" ADD CONSTRAINT {fresh} CHECK ({check.condition}) NOT VALID'.encode())
    new = _constraint(connection, check.table, fresh)
    assert new is not None
    if old is not None and old.removesuffix(" NOT VALID") == new.removesuffix(" NOT VALID"):
        connection.execute(f'ALTER TABLE "{check.table}" DROP CONSTRAINT {fresh}'.encode())
        return
    if old is not None:
        connection.execute(f'ALTER TABLE "{check.table}" DROP CONSTRAINT {check.name}'.encode())
    connection.execute(f'ALTER TABLE "{check.table}" RENAME CONSTRAINT {fresh} TO {check.name}'.encode())
    if validate and check.also_old:
        connection.execute(f'ALTER TABLE "{check.table}" VALIDATE CONSTRAINT {check.name}'.encode())


def _constraint(connection: Connection, table: str, name: str) -> str | None:
    row = connection.execute(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass AND conname = %s",
        [f'public."{table}"', name],
    ).fetchone()
    return None if row is None else str(row[0])


_GRANTEES: Final = """
SELECT DISTINCT CASE WHEN c.relkind = 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, c.oid::regclass::text,
       CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(a.grantee::regrole::text) END
  FROM pg_class c
  CROSS JOIN LATERAL (SELECT x.grantee FROM aclexplode(c.relacl) x UNION
                      SELECT y.grantee FROM pg_attribute t, aclexplode(t.attacl) y WHERE t.attrelid = c.oid) a
 WHERE c.relnamespace IN ('public'::regnamespace, 'om_partition'::regnamespace) AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
   AND a.grantee <> c.relowner
UNION
SELECT 'FUNCTION', p.oid::regprocedure::text, CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(a.grantee::regrole::text) END
  FROM pg_proc p, aclexplode(p.proacl) a
 WHERE p.pronamespace = 'public'::regnamespace AND p.proname LIKE 'om!_%' ESCAPE '!' AND a.grantee <> p.proowner"""

_DESCRIPTIONS: Final = (
    """SELECT 'grant', c.oid::regclass::text, coalesce(nullif(a.grantee, 0)::regrole::text, 'PUBLIC') || ': ' || a.privilege_type FROM pg_class c, aclexplode(c.relacl) a
         WHERE c.relnamespace IN ('public'::regnamespace, 'om_partition'::regnamespace) AND a.grantee <> c.relowner""",
    """SELECT 'grant', c.oid::regclass || '.' || t.attname, coalesce(nullif(a.grantee, 0)::regrole::text, 'PUBLIC') || ': ' || a.privilege_type
          FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid, aclexplode(t.attacl) a
         WHERE c.relnamespace IN ('public'::regnamespace, 'om_partition'::regnamespace)""",
    """SELECT 'grant', 'schema ' || n.nspname, coalesce(nullif(a.grantee, 0)::regrole::text, 'PUBLIC') || ': ' || a.privilege_type FROM pg_namespace n, aclexplode(n.nspacl) a
         WHERE n.nspname IN ('public', 'om_partition') AND a.grantee <> n.nspowner""",
    """SELECT 'grant', p.oid::regprocedure::text, coalesce(nullif(a.grantee, 0)::regrole::text, 'PUBLIC') || ': ' || a.privilege_type
          FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
         WHERE p.pronamespace = 'public'::regnamespace AND p.proname LIKE 'om!_%' ESCAPE '!' AND a.grantee <> p.proowner""",
    """SELECT 'row security', c.oid::regclass::text, format('enabled %s, forced %s', c.relrowsecurity, c.relforcerowsecurity)
         FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')""",
    """SELECT 'row policy', p.tablename::text, format('%s (%s, %s) for %s to %s using %s with check %s', p.policyname, p.permissive,
              p.schemaname, p.cmd, p.roles, p.qual, p.with_check) FROM pg_policies p WHERE p.schemaname = 'public'""",
    """SELECT 'constraint', c.conrelid::regclass::text, c.conname || ' ' || replace(pg_get_constraintdef(c.oid), ' NOT VALID', '')
         FROM pg_constraint c WHERE c.connamespace = 'public'::regnamespace AND c.contype = 'c'""",
    """SELECT 'function', p.oid::regprocedure::text,
              format('owner %s, definer %s, %s, %s', p.proowner::regrole, p.prosecdef, p.proconfig, md5(p.prosrc))
         FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.proname LIKE 'om!_%' ESCAPE '!'""",
    """SELECT 'trigger', t.tgrelid::regclass::text, pg_get_triggerdef(t.oid) || ' ' || t.tgenabled::text
         FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal AND c.relnamespace = 'public'::regnamespace""",
    """SELECT 'membership', m.member::regrole::text,
              format('of %s, inherit %s, set %s, admin %s', m.roleid::regrole, m.inherit_option, m.set_option, m.admin_option)
         FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member WHERE r.rolname LIKE 'om!_%' ESCAPE '!'""",
    """SELECT 'role', r.rolname::text, format('superuser %s, bypasses row security %s, makes roles %s, makes databases %s, logs in %s',
              r.rolsuper, r.rolbypassrls, r.rolcreaterole, r.rolcreatedb, r.rolcanlogin)
         FROM pg_roles r WHERE r.rolname LIKE 'om!_%' ESCAPE '!'""",
)
