"""Plants code at a path and asks one lint about it, so that each test reads as: this code, there, is refused."""

from pathlib import PurePosixPath
from textwrap import dedent

from tools.lints.source import Lint, Source


def refusals(lint: Lint, code: str, at: str = "src/openmarque/services/trips/service.py") -> list[int]:
    """The lines, from 1 and without repeats, of `code` that `lint` refuses when it stands in the file `at`."""
    source = Source(PurePosixPath(at), dedent(code).strip("\n"))
    return sorted({finding.line for finding in lint.findings(source)})
