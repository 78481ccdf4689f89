"""The tools of the demo agent: a fictional company, Brightline, that sells internet and phone lines.

Embedded provider: it answers from a data file of this package, for demo and tests. The same question gets the same answer.
"""

from collections import OrderedDict
from importlib import resources
from typing import Final
from zlib import crc32

import msgspec
from msgspec import Struct

from switchboard.domain.messages import JsonObject, ToolCall, ToolResult, ToolSpec

BOOKINGS_MAX: Final = 10_000
"""Remembered for repeats; far more than the calls that one demo process can have at a time."""

_DAYS: Final = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]

_ACCOUNT_NUMBER: Final[JsonObject] = {
    "type": "string",
    "pattern": "^[0-9]{6}$",
    "description": "The caller's six-digit account number, digits only.",
}

SPECS: Final = (
    ToolSpec(
        name="look_up_invoice",
        description="Find the latest invoice of an account: amount, due date, status and what it is for.",
        parameters={
            "type": "object",
            "properties": {"account_number": _ACCOUNT_NUMBER},
            "required": ["account_number"],
            "additionalProperties": False,
        },
    ),
    ToolSpec(
        name="check_outage",
        description="Find out whether a known outage affects a postcode and when service is expected back.",
        parameters={
            "type": "object",
            "properties": {
                "postcode": {"type": "string", "pattern": "^[0-9]{5}$", "description": "Five digits."}
            },
            "required": ["postcode"],
            "additionalProperties": False,
        },
    ),
    ToolSpec(
        name="schedule_technician",
        description="Book a technician's visit on a day of the coming week. Only after the caller has agreed to the day.",
        parameters={
            "type": "object",
            "properties": {"account_number": _ACCOUNT_NUMBER, "day": {"type": "string", "enum": _DAYS}},
            "required": ["account_number", "day"],
            "additionalProperties": False,
        },
        has_effects=True,
    ),
)


class Account(Struct, frozen=True):
    """A customer. `visit_window` is when technicians come to this address."""

    account_number: str
    plan: str
    postcode: str
    visit_window: str


class Invoice(Struct, frozen=True):
    """The latest invoice of an account. Amounts are decimal texts, dates ISO 8601."""

    invoice_number: str
    account_number: str
    amount_usd: str
    issued_on: str
    due_on: str
    status: str
    items: tuple[str, ...]


class Outage(Struct, frozen=True):
    """A known outage."""

    postcode: str
    service: str
    cause: str
    expected_back: str


class Booking(Struct, frozen=True):
    """A technician's visit."""

    confirmation: str
    account_number: str
    day: str
    window: str


class BrightlineData(Struct, frozen=True):
    """All that the demo company knows."""

    accounts: tuple[Account, ...]
    invoices: tuple[Invoice, ...]
    outages: tuple[Outage, ...]


class BrightlineTools:
    """The toolbox of the demo agent. Bookings live in memory and end with the process.

    A booking repeated by the same phone call with the same arguments returns the first one.
    """

    def __init__(self, data: BrightlineData | None = None) -> None:
        data = data or brightline_data()
        self._accounts = {account.account_number: account for account in data.accounts}
        self._invoices = {invoice.account_number: invoice for invoice in data.invoices}
        self._outages = {outage.postcode: outage for outage in data.outages}
        self._bookings: OrderedDict[tuple[str, str, str], Booking] = OrderedDict()

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """What the model is told about."""
        return SPECS

    @property
    def bookings(self) -> tuple[Booking, ...]:
        """All visits booked, oldest first."""
        return tuple(self._bookings.values())

    async def run(self, call: ToolCall, *, call_id: str) -> ToolResult:
        """Run one call whose arguments fit its schema. Raises `LookupError` for a tool that is not in `specs`."""
        match call.name:
            case "look_up_invoice":
                return self._look_up_invoice(call)
            case "check_outage":
                return self._check_outage(call)
            case "schedule_technician":
                return self._schedule_technician(call, call_id)
            case _:
                raise LookupError("not a tool of this toolbox")

    def _look_up_invoice(self, call: ToolCall) -> ToolResult:
        number = call.arguments["account_number"]
        if number not in self._accounts:
            return _unknown_account(call)
        invoice = self._invoices.get(number)
        return _answer(call, invoice or {"account_number": number, "invoice": None})

    def _check_outage(self, call: ToolCall) -> ToolResult:
        postcode = call.arguments["postcode"]
        outage = self._outages.get(postcode)
        return _answer(call, {"postcode": postcode, "has_outage": outage is not None, "outage": outage})

    def _schedule_technician(self, call: ToolCall, call_id: str) -> ToolResult:
        number, day = call.arguments["account_number"], call.arguments["day"]
        account = self._accounts.get(number)
        if account is None:
            return _unknown_account(call)
        key = (call_id, number, day)
        if key not in self._bookings:
            self._bookings[key] = Booking(_confirmation(key), number, day, account.visit_window)
            if len(self._bookings) > BOOKINGS_MAX:
                self._bookings.popitem(last=False)
        return _answer(call, self._bookings[key])


def brightline_data() -> BrightlineData:
    """Read the data file of this package."""
    file = resources.files("switchboard.adapters.embedded").joinpath("data/brightline.json")
    return msgspec.json.decode(file.read_bytes(), type=BrightlineData)


def _confirmation(key: tuple[str, str, str]) -> str:
    # Derived from the booking itself: no randomness, and a replayed call confirms with the same number.
    return f"{crc32('/'.join(key).encode()) % 1_000_000:06d}"


def _answer(call: ToolCall, content: object) -> ToolResult:
    return ToolResult(call.id, msgspec.json.encode(content).decode())


def _unknown_account(call: ToolCall) -> ToolResult:
    text = "No account has this number. Ask the caller to repeat it digit by digit."
    return ToolResult(call.id, text, is_error=True)
