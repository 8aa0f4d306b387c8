"""What a child process tells its parent (``cli.supervisor``) once it serves. Apart, so that a child that runs cars loads nothing of the platform."""

import sys


def announce_ready() -> None:
    """Tell the parent that this process serves."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()
