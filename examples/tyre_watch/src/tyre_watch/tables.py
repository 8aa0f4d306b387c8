"""The history of tyre warnings. `openmarque migrate` makes the table; roles, grants and row policies follow from the declaration."""

from openmarque.storage.events import event_table
from tyre_watch.declaration import WARNINGS

tyre_warning = event_table(WARNINGS)
