"""What bodies of answers share."""

from pydantic import BaseModel, ConfigDict


class Body(BaseModel):
    """A body or a part of one. Instants are RFC 3339 in UTC, identifiers 32 hex digits, units as each member says."""

    model_config = ConfigDict(frozen=True, extra="forbid")
