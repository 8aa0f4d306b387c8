"""Subjects of commits say where and what, in one line."""

import subprocess
from pathlib import Path

import pytest

from tools.lints import subjects


@pytest.mark.parametrize(
    "subject", ["commands: refuse unlock while moving", "car, link: one clock", "docs/howto: a first hour", "e2e: laid out"]
)
def test_area_and_what_changed_is_a_subject(subject):
    assert subjects.complaint(subject) == ""


@pytest.mark.parametrize(
    ("subject", "told"),
    [
        ("Who enters the platform needs no root key", "area"),
        ("Commands: refuse unlock", "area"),
        ("commands:refuse unlock", "area"),
        ("commands: refuse unlock.", "area"),
        ("wip", "area"),
        ("commands: " + "x" * 63, "73 characters"),
    ],
)
def test_anything_else_is_refused_with_what_is_wrong(subject, told):
    assert told in subjects.complaint(subject)


def test_only_commits_after_the_rule_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        return subprocess.run(
            ["git", *identity, *arguments], cwd=tmp_path, capture_output=True, text=True, check=True
        ).stdout.strip()

    assert list(subjects.breaches(tmp_path)) == [], "without a history"
    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "Before the rule")
    monkeypatch.setattr(subjects, "SINCE", git("rev-parse", "HEAD"))
    git("commit", "-q", "--allow-empty", "-m", "car: one clock")
    assert list(subjects.breaches(tmp_path)) == []
    git("commit", "-q", "--allow-empty", "-m", "Forgot the area")
    (told,) = subjects.breaches(tmp_path)
    assert told.endswith("no full stop at the end: Forgot the area")
    monkeypatch.setattr(subjects, "SINCE", "0" * 40)
    assert list(subjects.breaches(tmp_path)) == [], "in a clone that does not hold so much"
