"""The owner's account: address, password, sessions, mails."""

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make everything; the order follows the foreign keys."""
