"""The garage: pairing codes, names of cars, model details."""

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make everything; the order follows the foreign keys."""
