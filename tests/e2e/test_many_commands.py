"""A car that was given more commands than its page lists."""

from tests.e2e.app import App

_COMMAND = """async vehicle => {
  const answer = await fetch(`/api/v1/vehicles/${vehicle}/remote-commands`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID().replaceAll("-", "") },
    body: JSON.stringify({ command: "refresh" }),
  });
  return answer.status;
}"""
LISTED = 10
"""Remote commands that the event stream lists: `domains.commands.sources.NEWEST`."""


def test_the_page_goes_on_when_commands_that_it_listed_make_room_for_newer_ones(phone, signed_in, watch, running):
    app = App(phone("fr", "light", signed_in))
    car = running.vehicle("Cime hybride")
    app.opens_page_of(car)
    app.is_live()
    for _ in range(LISTED + 2):
        assert app.page.evaluate(_COMMAND, car) == 202
    app.remembers("live", car)
    shown = app.values()
    app.page.reload()
    assert set(shown) <= set(app.values())
    app.is_live()
