"""The worker process: ``python -m openmarque.cli.work``. Prints ``ready`` once it takes messages."""

import sys

from openmarque.cli import operating
from openmarque.kit.clock import SystemClock
from openmarque.kit.log import configure_log
from openmarque.kit.settings import load_settings


def announce_ready() -> None:
    """Tell the parent that this process serves."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()


def main() -> None:
    """Run one ingest worker until SIGTERM or SIGINT."""
    configure_log()
    operating.run(operating.work(load_settings(), SystemClock(), announce_ready))


if __name__ == "__main__":
    main()
