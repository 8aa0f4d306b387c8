"""`make test`: the tests with what is checked beside them, told as one run."""

from pathlib import Path

import pytest

from tools import suite

MAKEFILE = "lint:\n\t@echo tidy\ntypes:\n\t@echo 'x.py: no type'; exit {code}\nweb-check:\n\t@true\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_it.py").write_text("def test_one(): pass\ndef test_two(): pass\n")
    monkeypatch.setattr(suite, "ROOT", tmp_path)
    return tmp_path


@pytest.mark.parametrize(("code", "ends"), [(0, 0), (3, 1)])
def test_what_fails_beside_the_tests_is_told_whole_fails_the_run_and_leaves_pytest_the_last_line(project, capfd, code, ends):
    (project / "Makefile").write_text(MAKEFILE.format(code=code))
    assert suite.main(["-q", "-p", "no:cacheprovider"]) == ends
    lines = capfd.readouterr().out.splitlines()
    assert lines[-1].startswith("2 passed in ")
    assert any(line.startswith("make lint: passed after ") for line in lines)
    assert any(line.startswith(f"make types: {'FAILED' if code else 'passed'}") for line in lines)
    assert ("x.py: no type" in lines) is bool(code)
    assert "tidy" not in lines


def test_a_test_that_fails_fails_the_run_and_arguments_narrow_it(project):
    (project / "Makefile").write_text(MAKEFILE.format(code=0))
    (project / "test_it.py").write_text("def test_one(): pass\ndef test_two(): assert False\n")
    assert suite.main(["-q", "-p", "no:cacheprovider"]) == 1
    assert suite.main(["-q", "-p", "no:cacheprovider", "-k", "one"]) == 0
