"""The command that `make lint` runs."""

import pytest

from tools.lints.__main__ import main

TIDY = "def f() -> None:\n    return None\n"


def test_one_breach_of_each_invariant_fails_the_run_and_is_named_with_its_place(tmp_path, monkeypatch, capsys):
    breaches = {
        "services/a/service.py": ("Permit()", "permit"),
        "storage/b.sql": ("select now();", "sql-clock"),
        "link/c.py": ("topic = f'v/{vin}/up'", "vin-topic"),
        "car/d.py": ("import time; time.time()", "wall-clock"),
        "domains/e/service.py": ("session.commit()", "commit"),
        "protocol/f.py": ("import random", "purity"),
        "link/g.py": ("log.info('x', **y)", "log-fields"),
        "car/h.py": ("trips = 1", "service-name"),
    }
    for name, (code, _) in breaches.items():
        path = tmp_path / "src/openmarque" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code + "\n")
    monkeypatch.chdir(tmp_path)

    assert main(["src"]) == 1
    printed = capsys.readouterr().out.splitlines()
    assert printed[-1] == "8 invariants, 8 files, 8 breaches"
    for name, (_, lint) in breaches.items():
        assert any(line.startswith(f"src/openmarque/{name}:1: {lint}: ") for line in printed)


def test_tidy_code_passes(tmp_path, monkeypatch, capsys):
    (tmp_path / "tidy.py").write_text(TIDY)
    monkeypatch.chdir(tmp_path)
    assert main(["tidy.py"]) == 0
    assert capsys.readouterr().out == "8 invariants, 1 files, 0 breaches\n"


def test_looking_at_nothing_is_not_a_pass(tmp_path):
    assert main([str(tmp_path)]) == 1
    with pytest.raises(FileNotFoundError):
        main([str(tmp_path / "no-such-folder")])


def test_a_file_that_python_cannot_read_is_an_error(tmp_path):
    (tmp_path / "broken.py").write_text("def (:\n")
    with pytest.raises(SyntaxError):
        main([str(tmp_path)])
