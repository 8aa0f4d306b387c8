"""How a service stands, as it is told to its owner: open or closed, why, and what to do about it, in the owner's language. REQ PRV-3."""

from pydantic import Field

from openmarque.domains.consent.reading import ServiceAvailability
from openmarque.http.bodies import Body
from openmarque.kit.texts import texts
from openmarque.protocol.levels import Level


class ServiceBody(Body):
    """One declared service, or separately switchable part of one, as it stands for this car now."""

    declaration: str = Field(description="Stable name of the declaration.", examples=["car_finder"])
    purpose: str = Field(description="What it is for.", examples=["Show you on a map where your car is."])
    needs_level: str = Field(
        description="Lowest privacy level to choose in this car for it; where none suffices (reason `ceiling`), the one that it needs.",
        examples=["position"],
    )
    open: bool = Field(description="Whether it runs now.")
    reason: str | None = Field(description="Why it does not: a stable code.", examples=["level_too_low"])
    message: str | None = Field(description="The same in a sentence.", examples=["The car's privacy level does not allow it."])
    cure: str | None = Field(description="What you can do about it.", examples=["Change the privacy level in the car."])


def level_name(level: Level) -> str:
    """A privacy level as it is written in bodies."""
    return level.name.lower()


def service_body(standing: ServiceAvailability, language: str) -> ServiceBody:
    """The body that tells `standing` in `language`."""
    message, cure = standing.refusal.text(language) if standing.refusal else (None, None)
    return ServiceBody(
        declaration=standing.declaration,
        purpose=texts(language).purpose(standing.declaration),
        needs_level=level_name(standing.needs),
        open=standing.refusal is None,
        reason=str(standing.refusal.reason) if standing.refusal else None,
        message=message,
        cure=cure,
    )
