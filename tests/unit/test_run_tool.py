"""Every tool runs through this one use case, and whatever goes wrong stays a result."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.domain.messages import ToolCall, ToolResult, ToolSpec
from switchboard.ports.errors import ProviderUnavailable, StaleOwner
from switchboard.services.run_tool import FAILED, RESULT_SIZE_BYTES_MAX, run_tool

SPEC = ToolSpec(
    name="book_visit",
    description="Book a visit.",
    parameters={
        "type": "object",
        "properties": {
            "account_number": {"type": "string", "pattern": "^[0-9]{6}$"},
            "day": {"type": "string", "enum": ["monday", "tuesday"]},
            "people": {"type": "integer", "minimum": 1},
            "contact": {
                "type": "object",
                "properties": {"email": {"type": "string"}},
                "additionalProperties": False,
            },
        },
        "required": ["account_number", "day"],
        "additionalProperties": False,
    },
    has_effects=True,
)
GOOD = {"account_number": "104417", "day": "monday"}


_KEYS = st.sampled_from(["account_number", "day", "people", "contact", "", "x"])
_LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
_JSON = _LEAVES | st.lists(_LEAVES, max_size=2) | st.dictionaries(_KEYS, _LEAVES, max_size=2)


class RecordingToolbox:
    """Answers with `answer`, or raises it."""

    def __init__(self, answer: ToolResult | BaseException, specs=(SPEC,)) -> None:
        self.answer = answer
        self.specs = specs
        self.calls: list[tuple[ToolCall, str]] = []

    async def run(self, call: ToolCall, *, call_id: str) -> ToolResult:
        self.calls.append((call, call_id))
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


def run(call: ToolCall, toolbox: RecordingToolbox, failures: list[Exception] | None = None) -> ToolResult:
    def report(_: ToolCall, error: Exception) -> None:
        assert failures is not None, f"unexpected failure: {error!r}"
        failures.append(error)

    # Nothing here waits for anything, so one step runs it to its end, without an event loop.
    try:
        run_tool(call, toolbox=toolbox, call_id="CA1", report_failure=report).send(None)
    except StopIteration as end:
        result: ToolResult = end.value
        return result
    raise AssertionError("the use case waited")


def call(arguments=None, name="book_visit") -> ToolCall:
    return ToolCall("toolu_1", name, GOOD if arguments is None else arguments)


def test_a_valid_call_runs_once_and_answers():
    """A known tool with fitting arguments runs with the phone call's id, and its result comes back."""
    toolbox = RecordingToolbox(ToolResult("toolu_1", "booked"))
    assert ToolResult("toolu_1", "booked") == run(call(), toolbox)
    assert [(call(), "CA1")] == toolbox.calls


def test_an_error_of_the_tool_itself_is_passed_on():
    """A tool's own error result reaches the model as it is."""
    answer = ToolResult("toolu_1", "No account has this number.", is_error=True)
    assert answer == run(call(), RecordingToolbox(answer))


def test_the_result_answers_this_call():
    """A toolbox that answers with another id cannot break the pairing of calls and results."""
    assert run(call(), RecordingToolbox(ToolResult("other", "booked"))).call_id == "toolu_1"


def test_a_hallucinated_tool_never_runs():
    """A tool that the agent does not have is an error that names those it has."""
    toolbox = RecordingToolbox(ToolResult("toolu_1", "deleted"))
    expected = ToolResult("toolu_1", "There is no such tool. Available tools: book_visit.", is_error=True)
    assert expected == run(call(name="delete_account"), toolbox)
    assert toolbox.calls == []


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"day": "monday"}, "the arguments must have account_number"),
        ({**GOOD, "account_number": 104417}, "account_number must be of type string"),
        ({**GOOD, "account_number": "12"}, "account_number must match ^[0-9]{6}$"),
        ({**GOOD, "day": "sunday"}, "day must be one of monday, tuesday"),
        ({**GOOD, "people": 0}, "people must satisfy minimum: 1"),
        (
            {**GOOD, "admin": True},
            "the arguments must have no other fields than account_number, contact, day, people",
        ),
        ({**GOOD, "contact": {"fax": "1"}}, "contact has unknown fields"),
        ({**GOOD, "contact": {"email": 1}}, "contact.email must be of type string"),
    ],
)
def test_arguments_that_do_not_fit_never_run(arguments, problem):
    """Each kind of misfit is an error that names the field and what is expected, and nothing runs."""
    toolbox = RecordingToolbox(ToolResult("toolu_1", "booked"))
    expected = ToolResult("toolu_1", f"Not run. Correct the arguments: {problem}.", is_error=True)
    assert expected == run(call(arguments), toolbox)
    assert toolbox.calls == []


@given(st.dictionaries(_KEYS, _JSON, max_size=4))
def test_no_arguments_raise(arguments):
    """Whatever JSON a model invents, the answer is a result, and only what fits the schema runs."""
    toolbox = RecordingToolbox(ToolResult("toolu_1", "booked"))
    assert run(call(arguments), toolbox).is_error
    assert toolbox.calls == []


@pytest.mark.parametrize("error", [ProviderUnavailable("crm", "4929 1234"), ValueError("card 4929 1234")])
def test_an_exception_becomes_a_neutral_text(error):
    """A tool that raises is an error result without the exception's words; the exception goes to the reporter."""
    failures: list[Exception] = []
    assert ToolResult("toolu_1", FAILED, is_error=True) == run(call(), RecordingToolbox(error), failures)
    assert [error] == failures


def test_a_broken_schema_is_a_failure_of_the_tool():
    """A tool whose own schema is invalid does not run."""
    failures: list[Exception] = []
    toolbox = RecordingToolbox(
        ToolResult("toolu_1", "x"), (ToolSpec("book_visit", "", {"type": "nonsense"}),)
    )
    assert ToolResult("toolu_1", FAILED, is_error=True) == run(call(), toolbox, failures)
    assert (toolbox.calls, len(failures)) == ([], 1)


def test_a_schema_cannot_reach_the_network():
    """A reference to a remote schema fails instead of being fetched."""
    failures: list[Exception] = []
    remote = ToolSpec("book_visit", "", {"$ref": "http://127.0.0.1:9/schema.json"})
    assert run(call(), RecordingToolbox(ToolResult("toolu_1", "x"), (remote,)), failures).is_error
    assert [type(error).__name__ for error in failures] == ["_WrappedReferencingError"]


def test_losing_the_call_rises():
    """Whoever no longer owns the phone call stops instead of answering."""
    with pytest.raises(StaleOwner):
        run(call(), RecordingToolbox(StaleOwner("CA1")))


@given(st.text(alphabet="aé☎🎉", max_size=20), st.integers(0, 6000))
def test_results_are_bounded(text, repeats):
    """No result is larger than the bound, cut between characters, and a cut one says so."""
    content = text * repeats
    answer = run(call(), RecordingToolbox(ToolResult("toolu_1", content))).content
    assert len(answer.encode()) <= RESULT_SIZE_BYTES_MAX
    if len(content.encode()) <= RESULT_SIZE_BYTES_MAX:
        assert content == answer
    else:
        head, _, note = answer.partition("\n")
        assert content.startswith(head)
        assert f"[cut short: the whole result has {len(content.encode())} bytes]" == note
