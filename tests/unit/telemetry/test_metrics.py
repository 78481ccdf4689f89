"""The table of metrics, and the two writers of it, by CloudWatch's own rules."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchboard.observability import LOG_KEYS, Kind
from switchboard.telemetry import metrics as m
from switchboard.telemetry.emf import SERIES_MAX, VALUES_MAX, EmfMeter
from switchboard.telemetry.line_sink import LINE_BYTES_MAX
from switchboard.telemetry.metrics import METRICS, Meter, Metric, NoMeter, Unit, table
from switchboard.telemetry.powertools_meter import PowertoolsMeter
from tests.fakes.emf import Datum, extract
from tests.tidy.source import ROOT

NOW_MS = 1_763_732_000_000
BASE = {"service": "voice_gateway", "environment": "test"}


class Written:
    """A meter and what CloudWatch makes of its lines."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.meter = EmfMeter(self.lines.append, **BASE)

    def data(self) -> list[Datum]:
        self.meter.flush(NOW_MS)
        taken, self.lines[:] = list(self.lines), []
        assert all(len(line) < LINE_BYTES_MAX for line in taken)
        return [datum for line in taken for datum in extract(line)]


@pytest.fixture
def written() -> Written:
    return Written()


Record = Callable[..., list[Datum]]


@pytest.fixture(params=["emf", "powertools"])
def record(request, written: Written, capsys) -> Record:
    """Record one value with either meter, and read it back."""

    def by_emf(metric: Metric, value: float = 1, /, **labels: str) -> list[Datum]:
        written.meter.record(metric, value, **labels)
        return written.data()

    def by_powertools(metric: Metric, value: float = 1, /, **labels: str) -> list[Datum]:
        PowertoolsMeter(**BASE).record(metric, value, **labels)
        return [datum for line in capsys.readouterr().out.splitlines() for datum in extract(line)]

    return by_emf if request.param == "emf" else by_powertools


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: metric.name)
def test_each_metric_is_extracted_under_its_dimensions(record: Record, metric: Metric):
    """Every metric of the table reaches CloudWatch under all its sets of dimensions, its properties beside it."""
    labels = {name: f"a {name}" for name in metric.labels}
    data = record(metric, 7, **labels)

    assert [{**BASE, **{by: labels[by] for by in sets[2:]}} for sets in metric.dimension_sets] == [
        datum.dimensions for datum in data
    ]
    for datum in data:
        assert (metric.name, [7], metric.unit) == (datum.name, datum.values, datum.unit)
        assert {name: labels[name] for name in metric.properties} == {
            name: datum.properties[name] for name in metric.properties
        }


def test_percentiles_stay_true(written: Written):
    """Values of one flush are told one by one, in several lines where they are many; nothing is averaged."""
    values = [float(each) for each in range(250)]
    for value in values:
        written.meter.record(m.FIRST_AUDIO, value, tenant="acme")
    data = written.data()

    assert values == [value for datum in data for value in datum.values]
    assert {("acme",)} == {tuple(datum.properties.values()) for datum in data}


def test_counts_are_summed_until_they_are_written(written: Written):
    """A thousand refusals are one figure, not a thousand."""
    for _ in range(1000):
        written.meter.record(m.CALLS_REFUSED, reason="full", channel="phone")

    assert [[1000], [1000]] == [datum.values for datum in written.data()]
    assert [] == written.data()


def test_tenants_do_not_share_a_line(written: Written):
    """A property belongs to a whole line."""
    written.meter.record(m.FIRST_AUDIO, 500, tenant="acme")
    written.meter.record(m.FIRST_AUDIO, 600, tenant="initech")

    assert {("acme", 500), ("initech", 600)} == {
        (datum.properties["tenant"], datum.values[0]) for datum in written.data()
    }


def test_too_much_is_dropped_and_counted(written: Written):
    """Neither a flood of values nor one of labels takes memory without end; the loss is a metric."""
    for value in range(VALUES_MAX + 10):
        written.meter.record(m.FIRST_AUDIO, value, tenant="acme")
    for number in range(SERIES_MAX + 4):
        written.meter.record(m.FIRST_AUDIO, 1, tenant=f"tenant {number}")
    written.meter.record(m.FIRST_AUDIO, float("nan"), tenant="acme")
    dropped = [datum.values for datum in written.data() if datum.name == "MetricValuesDropped"]

    assert [[10 + 5 + 1]] == dropped
    assert [] == written.data()


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([m.FIRST_AUDIO, m.TOOL_DURATION, m.SOCKETS_REFUSED, m.EVENT_LOOP_LAG, m.TURNS]),
            st.floats(),
            st.text(max_size=120),
            st.sampled_from([1, 99, 101, 450]),
        ),
        max_size=12,
    )
)
def test_any_values_and_labels_make_valid_lines(records):
    """Whatever is recorded, every line is within the format and below the length at which log drivers cut."""
    written = Written()
    for metric, value, text, times in records:
        for _ in range(times):
            written.meter.record(metric, value, **dict.fromkeys(metric.labels, text))
    written.data()


@pytest.mark.parametrize("meter", [EmfMeter(lambda line: None, **BASE), PowertoolsMeter(**BASE), NoMeter()])
def test_labels_must_be_the_declared_ones(meter: Meter):
    """A label too few or too many is our own mistake, in every meter."""
    for labels in ({}, {"tenant": "acme", "call_id": "CA1"}):
        with pytest.raises(AssertionError):
            meter.record(m.FIRST_AUDIO, 1, **labels)


def test_labels_are_declared_and_safe():
    """Logs and metrics share one list of keys, and no metric carries a personal one."""
    for metric in METRICS.values():
        for label in (*m.BASE_DIMENSIONS, *metric.by, *metric.properties):
            assert Kind.SAFE is LOG_KEYS.get(label), f"{metric.name}: {label}"


def test_dimensions_are_few():
    """What would make a metric per call, or one per tenant, is no dimension: each combination is billed."""
    dimensions = {name for metric in METRICS.values() for name in metric.by}

    assert dimensions.isdisjoint({"call_id", "stream_id", "tenant", "account_id", "tool", "trace_id"})


def test_names():
    """Names are unique, in CloudWatch's own style, and say no unit that the unit says."""
    declared = [metric for metric in vars(m).values() if isinstance(metric, Metric)]

    assert len(METRICS) == len(declared)
    for metric in declared:
        assert metric.name.isalpha()
        assert metric.name[0].isupper()
        assert not metric.name.endswith(("Ms", "Count", "Seconds"))
        assert metric.unit in set(Unit)


def test_page():
    """`docs/metrics.md` is what `python -m switchboard.telemetry.metrics` prints."""
    assert table() == (ROOT / "docs/metrics.md").read_text()


def test_a_line_is_one_json_object(written: Written):
    """No newline inside: a line is what a log driver makes an event of."""
    written.meter.record(m.FIRST_AUDIO, 1, tenant="a\nb")
    written.meter.flush(NOW_MS)
    (line,) = written.lines

    assert b"\n" not in line
    assert NOW_MS == json.loads(line)["_aws"]["Timestamp"]
