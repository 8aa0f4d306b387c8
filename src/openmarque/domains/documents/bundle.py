"""The use cases of settings documents, wired: what ``bootstrap`` and the deterministic world hand on."""

from dataclasses import dataclass
from typing import Self

from openmarque.catalogue.register import Catalogue
from openmarque.domains.documents.reports import DocumentReports
from openmarque.domains.documents.rules import kinds_of
from openmarque.domains.documents.sending import DocumentKeys, Sending
from openmarque.domains.documents.service import Documents, Rights
from openmarque.domains.documents.store import DocumentStore
from openmarque.link.ports import LinkStore


@dataclass(frozen=True)
class SettingsDocuments:
    """Settings documents of one platform."""

    store: DocumentStore
    documents: Documents
    sending: Sending
    reports: DocumentReports

    @classmethod
    def wired(cls, store: DocumentStore, link: LinkStore, rights: Rights, catalogue: Catalogue, keys: DocumentKeys) -> Self:
        """Every kind that `catalogue` lists."""
        sending = Sending(store, link, kinds_of(catalogue.documents()), keys)
        return cls(store, Documents(store, sending, rights), sending, DocumentReports(store, sending))
