"""The steps of a remote command survive that the app is cut off in the middle of it."""

import pytest

from tests.e2e.app import App


@pytest.mark.req("RC-6f")
def test_the_steps_of_a_remote_command_are_told_to_the_end_although_the_api_dies_in_the_middle(
    phone, signed_in, watch, running, in_car
):
    app = App(phone("fr", "light", signed_in))
    app.is_added_in(in_car(running.head_unit("Cime hybride")))
    app.opens_page_of(running.vehicle("Cime hybride"))
    with watch.cut():
        with app.page.expect_response(
            lambda answer: answer.request.method == "POST" and answer.url.endswith("/remote-commands")
        ) as sent:
            app.locks()
        assert sent.value.status == 202
        running.child("openmarque.cli.serve").kill()
        app.sees_steps("lock", "sent", "reached", "executing", "done")
        app.is_live()
