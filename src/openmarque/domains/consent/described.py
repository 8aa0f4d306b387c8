"""A car's services as their declarations describe them, in the reader's words: all that an app needs to show one that it has no part for."""

import re
from typing import Final

from pydantic import Field

from openmarque.catalogue.declarations import Declaration, DocumentSpec, Processor
from openmarque.domains.consent.availability import ServiceBody, service_body
from openmarque.domains.consent.reading import ServiceAvailability
from openmarque.http.bodies import Body
from openmarque.kit.texts import Texts, texts
from openmarque.protocol.documents import Maker
from openmarque.protocol.signals import SIGNALS
from openmarque.storage.events import event_specs

_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+")
"""The words of a VSS name, which is written in camel case: ``IsPressureLow``, ``DTCCount``."""


class SignalLabelBody(Body):
    """A signal that the service takes."""

    path: str = Field(description="VSS path.", examples=["Vehicle.Speed"])
    label: str = Field(description="What it is called.", examples=["Speed"])
    unit: str = Field(description="Unit as in VSS; empty for a value without one.", examples=["km/h"])


class KindBody(Body):
    """A settings document that the service has."""

    kind: str = Field(description="For `…/documents/{kind}`.", examples=["charging_timers"])
    label: str = Field(description="What it is called.", examples=["Charging timers"])
    yours: bool = Field(description="Whether you may change it, in this app or another.")


class HistoryKindBody(Body):
    """Something that happened to the car and is kept with its time."""

    kind: str = Field(description="For `…/history/{event_kind}`.", examples=["limit_passed"])
    label: str = Field(description="What it is called.", examples=["Limit passed"])


class RecipientBody(Body):
    """Who else gets data of the service."""

    name: str
    role: str = Field(description="What for.")
    country: str = Field(description="ISO 3166-1 alpha-2.", examples=["IE"])


class DescribedServiceBody(ServiceBody):
    """One declared service: what it is called and for, how it stands now, and what it has to show and to do."""

    label: str = Field(description="What it is called.", examples=["Place of the car"])
    signals: list[SignalLabelBody] = Field(description="Signals whose newest values it shows.")
    commands: list[str] = Field(description="Its commands, described by `GET …/commands`.", examples=[["refresh"]])
    notices: list[str] = Field(description="Kinds of the notices that it sends.", examples=[["charge_ended"]])
    documents: list[KindBody] = Field(description="What can be set, described by `GET …/documents`.")
    histories: list[HistoryKindBody] = Field(description="What happened and is kept, listed by `GET …/history/{event_kind}`.")
    recipients: list[RecipientBody]


class ServicesBody(Body):
    """The services of a car, in the order of their names."""

    items: list[DescribedServiceBody]


def described(standing: ServiceAvailability, declaration: Declaration, language: str) -> DescribedServiceBody:
    """The body that describes `declaration`, which stands for the car as `standing` says."""
    say = texts(language)
    stands = service_body(standing, language)
    paths = dict.fromkeys(path for item in declaration.items for path in item.signals)
    return DescribedServiceBody(
        **{name: getattr(stands, name) for name in ServiceBody.model_fields},
        label=say.label(declaration.name),
        signals=[SignalLabelBody(path=p, label=signal_label(p, say), unit=SIGNALS[p].unit) for p in paths],
        commands=[command.name for command in declaration.commands],
        notices=[notice.kind for notice in declaration.notices],
        documents=[_kind(spec, say) for spec in declaration.documents],
        histories=[
            HistoryKindBody(kind=kind, label=history_label(kind, say))
            for kind, spec in sorted(event_specs().items())
            if spec.is_shown_by(declaration)
        ],
        recipients=[_recipient(processor, say) for processor in declaration.processors],
    )


def history_label(kind: str, say: Texts) -> str:
    """What events of a kind are called: the text ``label.<kind>``, or the kind in words."""
    return say.text_or(f"label.{kind}", kind.replace("_", " "))


def signal_label(path: str, say: Texts) -> str:
    """What a signal is called: the text ``signal.<path>``, or the last part of its VSS path in words."""
    words = [word if word.isupper() else word.lower() for word in _WORDS.findall(path.rpartition(".")[2])]
    name = " ".join(words)
    return say.text_or(f"signal.{path}", name[:1].upper() + name[1:])


def _kind(spec: DocumentSpec, say: Texts) -> KindBody:
    return KindBody(kind=spec.kind, label=say.label(spec.kind), yours=Maker.OWNER in spec.set_by)


def _recipient(processor: Processor, say: Texts) -> RecipientBody:
    return RecipientBody(
        name=processor.name, role=say.text_or(f"recipient.{processor.role}", processor.role), country=processor.country
    )
