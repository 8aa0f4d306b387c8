"""Trips and their places, kept by the month of their receipt."""

from openmarque.services.trips.declaration import TRIP, TRIP_PLACE
from openmarque.storage.events import event_table

trip = event_table(TRIP)
trip_place = event_table(TRIP_PLACE)
