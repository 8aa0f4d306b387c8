"""The worker process: ``python -m openmarque.cli.work``. Prints ``ready`` once it takes messages."""

from openmarque.cli import operating
from openmarque.kit.clock import SystemClock
from openmarque.kit.log import configure_log
from openmarque.kit.readiness import announce_ready
from openmarque.kit.settings import load_settings


def main() -> None:
    """Run one ingest worker until SIGTERM or SIGINT."""
    configure_log()
    operating.run(operating.work(load_settings(), SystemClock(), announce_ready))


if __name__ == "__main__":
    main()
