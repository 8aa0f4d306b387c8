"""Alembic's entry: runs the migrations on the connection that ``storage.migrate`` hands in, and notes each one it applies."""

from typing import Any

from alembic import context
from sqlalchemy import Connection

from openmarque.storage.base import metadata


def run() -> None:
    """Run on ``config.attributes["connection"]`` inside its transaction; revisions are appended to ``attributes["applied"]``."""
    attributes = context.config.attributes
    connection: Connection = attributes["connection"]
    applied: list[str] = attributes.setdefault("applied", [])

    def note(ctx: Any, step: Any, heads: Any, run_args: Any) -> None:
        del ctx, heads, run_args  # Alembic calls with all four by name
        applied.append(step.up_revision_id)

    context.configure(
        connection=connection,
        target_metadata=metadata,
        on_version_apply=note,
        version_table=attributes["version_table"],
    )
    context.run_migrations()


run()
