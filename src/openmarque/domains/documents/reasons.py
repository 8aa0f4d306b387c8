"""Why a settings document does not stand as its owner wants it: codes beside those of ``protocol.documents`` and of ``decide``.

The words, with the cure, are the texts ``reason.…`` of this folder.
"""

from typing import Final

NOT_GRANTED: Final = "document_not_granted"
NOT_YOURS: Final = "document_not_yours"
UNSPECIFIED: Final = "document_unspecified"
"""A reason that a car gave and that is no code."""
