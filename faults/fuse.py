"""A point in a program at which it kills itself, as power failures do: without a word, without an exit handler."""

import os
import signal


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
                os.kill(os.getpid(), signal.SIGKILL)
