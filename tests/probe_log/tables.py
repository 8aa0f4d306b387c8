"""The entries."""

from openmarque.storage.events import event_table
from tests.probe_log.declaration import ENTRIES

probe_entry = event_table(ENTRIES)
