"""A point in a program at which it kills itself, as power failures do: without a word, without an exit handler."""

import os
import signal
from pathlib import Path


class Fuse:
    """Sends this process SIGKILL when `point` is reached for the `count`-th time."""

    def __init__(self, text: str = "") -> None:
        """Read ``point:count``; an empty text never fires."""
        self._point, _, count = text.partition(":")
        self._left = int(count or 1)

    def __call__(self, point: str) -> None:
        """`point` was reached."""
        if point == self._point:
            self._left -= 1
            if not self._left:
                self.blow()

    def is_for(self, point: str) -> bool:
        """Whether this is the point that it waits for."""
        return point == self._point

    def blow(self) -> None:
        """The end."""
        os.kill(os.getpid(), signal.SIGKILL)


class FuseInFile(Fuse):
    """A fuse that can be put in while the program runs: its text stands in a file, which is gone once the fuse has blown."""

    def __init__(self, path: Path) -> None:
        """Look into `path` each time a point is reached."""
        super().__init__()
        self._path = path
        self._stamp = 0

    def is_for(self, point: str) -> bool:
        """See ``Fuse``."""
        self._look()
        return super().is_for(point)

    def __call__(self, point: str) -> None:
        """See ``Fuse``."""
        self._look()
        super().__call__(point)

    def _look(self) -> None:
        stamp = self._path.stat().st_mtime_ns if self._path.exists() else 0
        if stamp != self._stamp:
            self._stamp = stamp
            super().__init__(self._path.read_text("ascii") if stamp else "")

    def blow(self) -> None:
        """Leave no trace for the process that comes after this one."""
        self._path.unlink()
        super().blow()
