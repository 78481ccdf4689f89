"""The demo company's tools."""

import json

import pytest
from jsonschema import Draft202012Validator

from switchboard.adapters.embedded import tools
from switchboard.adapters.embedded.tools import BrightlineTools, brightline_data
from switchboard.domain.messages import ToolCall
from switchboard.services.run_tool import run_tool


def refuse(_: ToolCall, error: Exception) -> None:
    raise AssertionError("a tool failed") from error


async def ask(name: str, *, toolbox: BrightlineTools | None = None, call_id: str = "CA1", **arguments: str):
    call = ToolCall("toolu_1", name, arguments)
    result = await run_tool(
        call, toolbox=toolbox or BrightlineTools(), call_id=call_id, report_failure=refuse
    )
    return result.content if result.is_error else json.loads(result.content)


def test_the_schemas_are_schemas():
    """Every tool's parameters are a valid, closed JSON Schema of type object."""
    for spec in BrightlineTools().specs:
        Draft202012Validator.check_schema(spec.parameters)
        assert (spec.parameters["type"], spec.parameters["additionalProperties"]) == ("object", False)


def test_only_booking_has_effects():
    """The one tool that changes the world is declared."""
    assert [spec.name for spec in BrightlineTools().specs if spec.has_effects] == ["schedule_technician"]


def test_the_data_fits_together():
    """Account numbers are six digits and unique; every invoice and outage belongs to an account."""
    data = brightline_data()
    numbers = [account.account_number for account in data.accounts]
    assert len(numbers) == len(set(numbers))
    assert all(len(number) == 6 and number.isdecimal() for number in numbers)
    assert {invoice.account_number for invoice in data.invoices} <= set(numbers)
    assert {outage.postcode for outage in data.outages} <= {account.postcode for account in data.accounts}


async def test_an_invoice_is_found():
    """The invoice of an account comes back with amount and due date."""
    invoice = await ask("look_up_invoice", account_number="104417")
    assert (invoice["amount_usd"], invoice["due_on"], invoice["status"]) == ("42.50", "2026-11-20", "open")


async def test_an_account_without_an_invoice_is_told_apart():
    """An account that has no invoice yet is not an unknown account."""
    assert await ask("look_up_invoice", account_number="680075") == {
        "account_number": "680075",
        "invoice": None,
    }


@pytest.mark.parametrize(
    ("name", "more"), [("look_up_invoice", {}), ("schedule_technician", {"day": "monday"})]
)
async def test_an_unknown_account_is_an_error_to_act_on(name, more):
    """An account number that does not exist makes the model ask again."""
    answer = await ask(name, account_number="999999", **more)
    assert answer == "No account has this number. Ask the caller to repeat it digit by digit."


async def test_a_misheard_account_number_never_reaches_the_data():
    """Five digits are refused by the schema."""
    answer = await ask("look_up_invoice", account_number="10441")
    assert answer == "Not run. Correct the arguments: account_number must match ^[0-9]{6}$."


async def test_outages_are_known_by_postcode():
    """A postcode has an outage with its end, or has none."""
    down = await ask("check_outage", postcode="32507")
    assert (down["has_outage"], down["outage"]["expected_back"]) == (True, "6:30 PM")
    assert await ask("check_outage", postcode="32501") == {
        "postcode": "32501",
        "has_outage": False,
        "outage": None,
    }


async def test_a_repeated_booking_is_the_same_booking():
    """The same phone call asking again for the same visit gets the first confirmation, and one visit."""
    toolbox = BrightlineTools()
    first = await ask("schedule_technician", toolbox=toolbox, account_number="104417", day="tuesday")
    again = await ask("schedule_technician", toolbox=toolbox, account_number="104417", day="tuesday")
    assert first == again
    assert len(toolbox.bookings) == 1
    assert first["window"] == "8 to 10 AM"


async def test_other_calls_and_days_are_other_bookings():
    """Another phone call or another day is another visit with another confirmation."""
    toolbox = BrightlineTools()
    answers = [
        await ask("schedule_technician", toolbox=toolbox, call_id=call_id, account_number="104417", day=day)
        for call_id, day in [("CA1", "monday"), ("CA1", "friday"), ("CA2", "monday")]
    ]
    assert len({answer["confirmation"] for answer in answers}) == 3
    assert len(toolbox.bookings) == 3


async def test_bookings_are_bounded(monkeypatch):
    """Beyond the bound the oldest booking is forgotten."""
    monkeypatch.setattr(tools, "BOOKINGS_MAX", 2)
    toolbox = BrightlineTools()
    for day in ("monday", "tuesday", "friday"):
        await ask("schedule_technician", toolbox=toolbox, account_number="104417", day=day)
    assert [booking.day for booking in toolbox.bookings] == ["tuesday", "friday"]


async def test_a_tool_that_does_not_exist_raises():
    """Whoever bypasses the use case with an unknown name is told."""
    with pytest.raises(LookupError):
        await BrightlineTools().run(ToolCall("toolu_1", "hack", {}), call_id="CA1")
