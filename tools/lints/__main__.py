"""``python -m tools.lints src …``: print each breach of an invariant, of the form of a commit, or of a name; exit 1 when there is one."""

import sys
from collections.abc import Iterator
from pathlib import Path

from tools.lints import commit, log_fields, order, permit, purity, service_names, sql_clock, subjects, vin_topic, wall_clock
from tools.lints.source import Finding, Lint, Source, load

LINTS: tuple[Lint, ...] = (permit, sql_clock, vin_topic, wall_clock, commit, purity, log_fields, service_names)


def check(source: Source) -> list[Finding]:
    """What all lints say about one file, by line."""
    return sorted({finding for lint in LINTS for finding in lint.findings(source)})


def files(roots: list[Path]) -> Iterator[Path]:
    """Every Python and SQL file under `roots`, or named in them, in a stable order.

    Raises ``FileNotFoundError`` for a root that is not there: a lint that looks at nothing must not pass.
    """
    for root in roots:
        if not root.exists():
            raise FileNotFoundError(root)
        found = [root] if root.is_file() else [path for path in root.rglob("*") if path.suffix in {".py", ".sql"}]
        yield from sorted(found)


def main(arguments: list[str]) -> int:
    """Check the named folders or files; the exit code is 0 only when at least one file was read and none breaks a rule."""
    sources = [load(path.resolve(), Path.cwd()) for path in files([Path(argument) for argument in arguments])]
    breaches = [finding for source in sources for finding in check(source)]
    unfit = [*subjects.breaches(Path.cwd()), *order.breaches(Path.cwd()), *service_names.breaches(Path.cwd())]
    for finding in (*breaches, *unfit):
        print(finding)
    print(f"{len(LINTS)} invariants, {len(sources)} files, {len(breaches) + len(unfit)} breaches")
    return 1 if breaches or unfit or not sources else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
