"""What event streams tell of settings documents."""

from typing import Any, Final

from openmarque.domains.documents.bodies import state_body
from openmarque.domains.documents.postgres import PostgresDocuments
from openmarque.domains.documents.sending import LIVE_PART
from openmarque.http.edge import CarVisit
from openmarque.http.events import StreamPart

_store: Final = PostgresDocuments()
_VERSION: Final = (
    """SELECT count(*)::text || ':' || coalesce(sum(revision), 0)::text FROM settings_document WHERE tenure_id = %(tenure)s"""
)


async def _read(visit: CarVisit) -> dict[str, Any]:
    language = await _store.language(visit.tx, visit.tenure_id)
    rows = await _store.of_owner(visit.tx, visit.tenure_id)
    return {row.kind: state_body(row, language).model_dump(mode="json") for row in rows}


DOCUMENTS: Final = StreamPart(LIVE_PART, _read, _VERSION)
"""The documents in which something was set, by kind, in the language of the owner."""
