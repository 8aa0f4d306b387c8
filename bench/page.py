"""The page ``performance.md`` with its plots, and ``performance.json``, from results."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import matplotlib as mpl

from bench.figures import GOALS, RAW_OF, Figure, Results

mpl.use("svg")
# Text stays text and ids come from a fixed salt, so that an unchanged figure is an unchanged file.
mpl.rcParams |= {
    "svg.fonttype": "none",
    "svg.hashsalt": "openmarque",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
}

_MEANINGS: Final = {
    "ingest_status_per_s": "Status messages, from MQTT publish over mutual TLS to the acknowledgement after the commit; every one judged. "
    "Each car has one in flight and sends the next on its acknowledgement, as the protocol asks; 4,000 cars, so that each sends four a second "
    "and not fifteen, which no car does: with fewer cars the figure is the time of one round trip, and the cores wait in it.",
    "ingest_events_per_s": "Must-arrive trips, each acknowledged after the commit; the protocol's window of 64 a car.",
    "raw_upsert_per_s": "Rows a second of the same statement on one connection: no guards, no constraints, nothing else running.",
    "raw_upsert_loaded_per_s": "The same while the loader runs as for `ingest_status_per_s`, at its rate: every message is taken to a "
    "subscriber, which stores nothing, and its answer back to the car. Beside it what is left when the loader only publishes, to nobody.",
    "raw_broker_per_s": "The same loader as fast as the broker takes it; a subscriber only counts.",
    "raw_insert_per_s": "Trips a second inserted on one connection into a plain table: no row policies, nothing else running.",
    "ingest_share_of_raw_upsert": "ingest_status_per_s / raw_upsert_loaded_per_s. Acknowledgements belong to the load: without them the loader would send "
    "nothing, each car waits for its own ([0010](../decisions/0010-hot-path.md)). What the share is of a row written while nobody answers stands beside it.",
    **{
        f"command_{part}_ms_{load}": f"{share} of commands took at most so long, {where}: from the app's HTTP request over broker and car, a real "
        "agent whose lock obeys at once, to `done` on the app's event stream. The command is signed by a phone's key and verified by platform and car."
        for part, share in (("p50", "Half"), ("p99", "99 of 100"), ("p999", "999 of 1,000"))
        for load, where in (
            ("idle", "on an idle platform"),
            ("loaded", "beside half of the status messages that the platform takes in, measured before each window"),
        )
    },
    "raw_car_round_trip_p50_ms": "Broker to car and back, without API and database: the car answers with a challenge. Half of them.",
    "raw_car_round_trip_p99_ms": "The same, 99 of 100.",
    "raw_processor_p99_ms_idle": "99 of 100 of computations took at most so long: one process alone, without broker, database or network, with as much to "
    "compute as keeps a core busy for the median time of a remote command. It is what the machine itself adds.",
    "raw_processor_p99_ms_loaded": "The same beside the same status messages.",
    "connected_cars": "Cars connected at once by mutual TLS through the gate, each answering the broker at the end.",
    "connects_per_s": "Connections a second while they came: TLS 1.3 handshake, gate, CONNECT, SUBSCRIBE.",
    "broker_kb_per_car": "Growth of the broker's resident memory for each connected car.",
    "raw_connected_cars": "The same cars at the same broker without accounts, permissions and gate: whoever has a certificate of ours is in.",
    "raw_connects_per_s": "Connections a second there.",
    "raw_broker_kb_per_car": "Growth of that broker's resident memory for each connected car.",
    "start_to_ready_s": "`openmarque up` with an existing home, from a cold process until it serves.",
    "first_start_to_ready_s": "The same with an empty home: cluster, authority, schema and roles are made.",
    "raw_engines_start_s": "PostgreSQL and NATS alone with an existing home.",
}


_OTHER_SHARES: Final = ("of_unloaded", "of_one_beside_publishing_only")
"""Details of ``ingest_share_of_raw_upsert``: what it would be of a raw upsert that was measured otherwise."""


def write_page(results: Results, folder: Path) -> None:
    """Write ``performance.json``, ``performance.md`` and the plots into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "performance.json").write_bytes(results.as_json())
    plots = list(_plots(results, folder))
    (folder / "performance.md").write_text("\n".join(_lines(results, plots)) + "\n", "utf-8")


def _lines(results: Results, plots: list[str]) -> Iterator[str]:
    machine = results.machine
    yield "# Performance"
    yield ""
    yield "Written by `make bench`; `performance.json` has the same with every repeat. Everything, the loader included, runs on one machine:"
    yield (
        f"{machine.get('cores', '?')} cores ({machine.get('processor', 'unknown')}), {machine.get('memory_gb', '?')} GB, "
        f"Linux {machine.get('kernel', '?')}, Python {machine.get('python', '?')} (from {machine.get('python_from', '?')}), "
        f"PostgreSQL {machine.get('postgresql', '?')}, nats-server {machine.get('nats_server', '?')}; "
        f"{machine.get('busy_before_percent', '?')} % busy with other work before."
    )
    yield "Figures are medians of the repeats; the spread is (highest - lowest) / median. `fsync` and `synchronous_commit` are on, as in production."
    moments = sorted(figure.measured_at for figure in results.details.values())
    if moments:
        yield f"Measured from {moments[0][:16].replace('T', ' ')} to {moments[-1][:16].replace('T', ' ')} UTC."
    yield ""
    yield "| figure | median | unit | spread | repeats | goal | beside its raw limit |"
    yield "| --- | ---: | --- | ---: | ---: | --- | --- |"
    yield from (_row(results, name, figure) for name, figure in sorted(results.details.items()))
    yield ""
    for plot in plots:
        yield f"![{plot.removesuffix('.svg').replace('-', ' ')}]({plot})"
        yield ""
    yield "## What each figure is"
    yield ""
    for name in sorted(results.details):
        yield f"- **{name}**: {_MEANINGS[name]}{_detail(results.details[name])}"
    if results.checks:
        yield ""
        yield "## Checks"
        yield ""
        yield from (f"- {name}: {text}." for name, text in results.checks.items())
    yield ""
    yield "How it is measured: `bench/`; what was tried and what bounds it: [0010](../decisions/0010-hot-path.md); what follows for many cars: [scale](scale.md)."


def _row(results: Results, name: str, figure: Figure) -> str:
    goal = GOALS.get(name)
    wanted = (
        "" if goal is None else f"{'≥' if goal.at_least else '≤'} {goal.value:g}: {'met' if results.met(name) else 'not met'}"
    )
    raws = [(raw, results.details[raw].median) for raw in RAW_OF.get(name, ()) if raw in results.details]
    if figure.unit in {"s", "ms"}:
        beside = "; ".join(f"{raw} is {value:.2f} {figure.unit}" for raw, value in raws)
    else:
        beside = "; ".join(f"{figure.median / value:.0%} of {raw}" for raw, value in raws if value)
    if name == "ingest_share_of_raw_upsert":
        beside = "; ".join(
            f"{figure.detail[other]:.2f} {other.replace('_', ' ')}" for other in _OTHER_SHARES if other in figure.detail
        )
    return f"| {name} | {_number(figure.median)} | {figure.unit} | {figure.spread:.0%} | {len(figure.values)} | {wanted} | {beside} |"


def _detail(figure: Figure) -> str:
    said = [f"{name} {value}" for name, value in figure.detail.items() if not isinstance(value, dict)]
    return f" ({', '.join(said)})" if said else ""


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def _plots(results: Results, folder: Path) -> Iterator[str]:
    rates = (
        "raw_broker_per_s",
        "raw_upsert_per_s",
        "raw_upsert_loaded_per_s",
        "ingest_status_per_s",
        "raw_insert_per_s",
        "ingest_events_per_s",
    )
    known = [name for name in rates if name in results.details]
    if known:
        yield _bars(results, known, folder / "performance-rates.svg")
    costs = [name for name in ("ingest_status_per_s", "ingest_events_per_s") if "cpu_us_per_message" in _details(results, name)]
    if costs:
        yield _costs(results, costs, folder / "performance-processor.svg")


def _details(results: Results, name: str) -> dict[str, object]:
    figure = results.details.get(name)
    return {} if figure is None else figure.detail


def _bars(results: Results, names: list[str], path: Path) -> str:
    """Medians with the range of their repeats, and the goals as strokes."""
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(figsize=(7, 0.5 + 0.42 * len(names)), layout="constrained")
    axes = canvas.subplots()
    for row, name in enumerate(reversed(names)):
        figure = results.details[name]
        low, high = figure.median - min(figure.values), max(figure.values) - figure.median
        axes.barh(
            row, figure.median, xerr=[[low], [high]], color="#4477aa" if name.startswith("ingest") else "#bbbbbb", height=0.6
        )
        if name in GOALS:
            axes.plot([GOALS[name].value] * 2, [row - 0.4, row + 0.4], color="#ee6677", linewidth=2)
    axes.set_yticks(range(len(names)), list(reversed(names)))
    axes.set_xlabel("messages or rows a second (red: goal; bars of error: range of the repeats)")
    canvas.savefig(path, metadata={"Date": None, "Creator": None})
    return path.name


def _costs(results: Results, names: list[str], path: Path) -> str:
    """Processor time for each message, by process."""
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(figsize=(7, 0.9 + 0.45 * len(names)), layout="constrained")
    axes = canvas.subplots()
    colours = {"loader": "#bbbbbb", "broker": "#ccbb44", "worker": "#4477aa", "postgres": "#228833", "gate": "#aa3377"}
    for row, name in enumerate(reversed(names)):
        left = 0.0
        costs = results.details[name].detail["cpu_us_per_message"]
        for part, colour in colours.items():
            axes.barh(row, costs.get(part, 0), left=left, color=colour, height=0.6, label=part if row == 0 else None)
            left += costs.get(part, 0)
    axes.set_yticks(range(len(names)), list(reversed(names)))
    axes.set_xlabel("processor time for each message, microseconds")
    axes.legend(ncols=5, loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False)
    canvas.savefig(path, metadata={"Date": None, "Creator": None})
    return path.name
