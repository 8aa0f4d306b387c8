"""Orders to cars: phone keys, safety code, orders and their steps."""

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make everything; the order follows the foreign keys."""
