"""Trips and their places, two tables because they are two declarations. Partitioned by month of receipt, so that what is due for deletion lies together."""

from sqlalchemy import BigInteger, Column, DateTime, Double, Index, Integer, Table, Uuid

from openmarque.storage.base import metadata

trip = Table(
    "trip",
    metadata,
    Column("tenure_id", Uuid, primary_key=True),
    Column("vehicle_id", Uuid, primary_key=True),
    Column("epoch", BigInteger, primary_key=True),
    Column("trip", BigInteger, primary_key=True, comment="the car's running number in this epoch"),
    Column("received_at", DateTime(timezone=True), primary_key=True),
    Column("policy_version", Integer, nullable=False, comment="version by which it was permitted"),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True), nullable=False),
    Column("duration_s", Double, nullable=False),
    Column("travel_s", Double, nullable=False),
    Column("gap_s", Double, nullable=False),
    Column("distance_m", Double, nullable=False),
    Column("mean_speed_kmh", Double, nullable=False),
    Column("soc_start", Double, comment="percent"),
    Column("soc_end", Double, comment="percent"),
    Column("consumption_kwh_100km", Double),
    Index("ix_trip_tenure_id_ended_at", "tenure_id", "ended_at"),
    postgresql_partition_by="RANGE (received_at)",
)

trip_place = Table(
    "trip_place",
    metadata,
    Column("tenure_id", Uuid, primary_key=True),
    Column("vehicle_id", Uuid, primary_key=True),
    Column("epoch", BigInteger, primary_key=True),
    Column("trip", BigInteger, primary_key=True),
    Column("received_at", DateTime(timezone=True), primary_key=True),
    Column("policy_version", Integer, nullable=False),
    Column("start_latitude", Double, nullable=False),
    Column("start_longitude", Double, nullable=False),
    Column("end_latitude", Double, nullable=False),
    Column("end_longitude", Double, nullable=False),
    postgresql_partition_by="RANGE (received_at)",
)
