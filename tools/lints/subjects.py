"""A commit's subject says where and what: ``area: what changed``, at most 72 characters.

It is read in a list of hundreds, where the area is what one searches by and what stands beyond the line's end is lost. Commits up to
`SINCE` were written before the rule and are left alone; merges carry git's own subject.
"""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

NAME: Final = "commit-subject"
SINCE: Final = "cacf21e6c1e0e9af77fd282578c51bb2ae4614a7"
LONGEST: Final = 72
_FORM: Final = re.compile(r"[a-z0-9_.-]+(?:(?:, |/)[a-z0-9_.-]+)*: \S.*[^.\s]")


def complaint(subject: str) -> str:
    """What is wrong with a subject, or ""."""
    if len(subject) > LONGEST:
        return f"{len(subject)} characters, at most {LONGEST} are read"
    if not _FORM.fullmatch(subject):
        return "say `area: what changed`, the area in small letters, no full stop at the end"
    return ""


def breaches(root: Path) -> Iterator[str]:
    """A line for each commit after `SINCE` whose subject is unfit; none where there is no history (a source archive, a shallow clone)."""
    if not (root / ".git").exists():
        return
    known = subprocess.run(["git", "cat-file", "-e", SINCE], cwd=root, capture_output=True, check=False)
    if known.returncode:
        return
    log = ["git", "log", "--no-merges", "--format=%h %s", f"{SINCE}..HEAD"]
    for line in subprocess.run(log, cwd=root, capture_output=True, text=True, check=True).stdout.splitlines():
        commit, _, subject = line.partition(" ")
        if told := complaint(subject):
            yield f"{commit}: {NAME}: {told}: {subject}"
