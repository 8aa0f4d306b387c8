"""Services and domains never commit."""

import pytest

from tests.lints.planting import refusals
from tools.lints import commit


@pytest.mark.parametrize("at", ["services/trips/service.py", "services/trips/routes.py", "domains/garage/service.py"])
@pytest.mark.parametrize(
    "ending",
    [
        "session.commit()",
        "await uow.rollback()",
        "after(session.commit)",
        "session.execute(text('COMMIT;'))",
        "run('rollback work')",
    ],
)
def test_ending_a_transaction_inside_is_refused(at, ending):
    assert refusals(commit, ending, at=f"src/openmarque/{at}") == [1]


def test_the_edge_commits():
    assert refusals(commit, "session.commit()", at="src/openmarque/storage/unit_of_work.py") == []


@pytest.mark.parametrize(
    "innocent", ["session.flush()", "session.begin_nested()", "run('rollback to savepoint a')", "x = 'commit early'"]
)
def test_work_inside_the_transaction_is_free(innocent):
    assert refusals(commit, innocent) == []
