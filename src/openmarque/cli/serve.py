"""The API process: ``python -m openmarque.cli.serve``. Prints ``ready`` once it takes connections."""

from openmarque.api.serve import run_api
from openmarque.cli import operating
from openmarque.kit.readiness import announce_ready
from openmarque.kit.settings import load_settings


def main() -> None:
    """Serve the API until SIGTERM or SIGINT."""
    run_api(load_settings(), operating.serving, announce_ready)


if __name__ == "__main__":
    main()
