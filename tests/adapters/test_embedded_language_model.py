"""The embedded agent: whole conversations, with the demo's own tools behind it."""

import pytest

from switchboard.adapters.embedded.dialogue import reply_to
from switchboard.adapters.embedded.intents import Intent, intent_of
from switchboard.adapters.embedded.knowledge import brightline_knowledge
from switchboard.adapters.embedded.language_model import EmbeddedLanguageModel
from switchboard.adapters.embedded.spoken import (
    day_of,
    digit_runs,
    dollars,
    is_no,
    is_yes,
    spell,
    spoken_date,
)
from switchboard.adapters.embedded.tools import BrightlineTools
from switchboard.domain.agents import CALL_CONTROL_TOOLS
from switchboard.domain.messages import Message, ToolCall, ToolResult
from switchboard.ports.language_model import GenerationEnd, GenerationRequest, TextDelta

SPOKEN_ACCOUNT = "one zero four four one seven"


class Caller:
    """Talks to the agent and lets it run its tools, as a conversation does."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.toolbox = BrightlineTools()
        self.calls: list[ToolCall] = []
        self._model = EmbeddedLanguageModel(first_item_ms=0, item_ms=0)

    async def say(self, text: str) -> str:
        """Say something; returns all that the agent says until it is the caller's turn."""
        self.messages.append(Message("user", text))
        said = ""
        while True:
            reply, calls = await self._generate()
            said += reply
            self.messages.append(Message("assistant", reply, tuple(calls)))
            self.calls += calls
            results = [await self._run(call) for call in calls]
            if not results or calls[0].name in {"transfer_to_human", "end_call"}:
                return said
            self.messages.append(Message("user", tool_results=tuple(results)))

    async def _generate(self) -> tuple[str, list[ToolCall]]:
        tools = (*self.toolbox.specs, *CALL_CONTROL_TOOLS)
        request = GenerationRequest("You are Ava.", tuple(self.messages), tools)
        items = [item async for item in self._model.generate(request)]
        text = "".join(item.text for item in items if isinstance(item, TextDelta))
        return text, [item for item in items if isinstance(item, ToolCall)]

    async def _run(self, call: ToolCall) -> ToolResult:
        if call.name in {tool.name for tool in CALL_CONTROL_TOOLS}:
            return ToolResult(call.id, "{}")
        return await self.toolbox.run(call, call_id="CA1")


def asked(*texts: str, tools=CALL_CONTROL_TOOLS):
    """The reply to the last of texts that alternate between caller and agent, the caller first."""
    messages = tuple(Message("assistant" if index % 2 else "user", text) for index, text in enumerate(texts))
    return reply_to(GenerationRequest("", messages, tools))


@pytest.mark.parametrize("number", [SPOKEN_ACCOUNT, "104417", "It's 104-417.", "yes one zero four, 417"])
async def test_invoice(number):
    """A billing question leads to the account number, the look-up, and an answer from its result."""
    caller = Caller()
    assert "six-digit account number" in await caller.say("hi i was charged twice on my last bill")
    answer = await caller.say(number)
    assert ["look_up_invoice"] == [call.name for call in caller.calls]
    assert {"account_number": "104417"} == caller.calls[0].arguments
    assert "42 dollars and 50 cents" in answer
    assert "November 20" in answer


async def test_number_in_two_parts():
    """Digits read out in two goes make one number."""
    caller = Caller()
    await caller.say("What do I owe you?")
    assert "1 0 4" in await caller.say("one zero four")
    assert "42 dollars" in await caller.say("four one seven")


async def test_unknown_account_is_asked_again():
    """A number without an account is not used again: the caller is asked for it once more."""
    caller = Caller()
    await caller.say("i have a question about my invoice")
    assert "can't find that account" in await caller.say("999999")
    assert "79 dollars" in await caller.say("two two zero nine one eight")
    assert ["999999", "220918"] == [call.arguments["account_number"] for call in caller.calls]


async def test_outage():
    """A dead line leads to the postcode and the known outage."""
    caller = Caller()
    assert "five-digit postcode" in await caller.say("my internet is down again")
    assert "6:30 PM" in await caller.say("three two five zero seven")


async def test_no_outage_leads_to_a_technician_after_a_read_back():
    """Booking has effects: it waits for a yes to a read-back of exactly what is booked."""
    caller = Caller()
    await caller.say("The wifi doesn't work")
    assert "Shall I send a technician?" in await caller.say("32501")
    assert "account number" in await caller.say("yes please")
    assert "Which day" in await caller.say(SPOKEN_ACCOUNT)
    assert "Tuesday, for account 1 0 4, 4 1 7. Is that right?" in await caller.say("tuesday")
    assert "Wednesday, for account" in await caller.say("yes but on wednesday please")
    assert not caller.toolbox.bookings
    assert "confirmation number" in await caller.say("yes that's right")
    assert ["wednesday"] == [booking.day for booking in caller.toolbox.bookings]


async def test_read_back_refused():
    """A no to the read-back books nothing and asks for another day."""
    caller = Caller()
    await caller.say("can you send a technician on tuesday morning")
    await caller.say("104417")
    assert "instead" in await caller.say("no that's not right")
    assert "Friday" in await caller.say("friday")
    await caller.say("perfect")
    assert ["friday"] == [booking.day for booking in caller.toolbox.bookings]


async def test_a_read_back_cut_short_is_repeated():
    """A yes to a read-back that was not heard to its end books nothing."""
    reply = asked(
        "book a technician for monday for 104417",
        "Let me read that back. A technician",
        "yes",
        tools=BrightlineTools().specs,
    )
    assert "Is that right?" in reply.text
    assert reply.tool == ""


async def test_no_technician_on_sundays():
    """A day on which nobody works is declined before any booking."""
    caller = Caller()
    await caller.say("i need an appointment with a technician on sunday")
    assert "not on Sundays" in await caller.say("104417")


@pytest.mark.parametrize(
    "text",
    [
        "I want to talk to a human!",
        "representative",
        "can i speak with a real person please",
        "transfer me to an agent",
    ],
)
def test_a_person_is_given_at_once(text):
    """Whoever asks for a person is put through."""
    assert "transfer_to_human" == asked(text).tool


@pytest.mark.parametrize(
    "text", ["are you a robot", "Am I talking to a human?", "are you a real person", "is this a machine"]
)
def test_it_says_that_it_is_an_ai(text):
    """The question whether it is a machine gets a truthful answer and no transfer."""
    reply = asked(text)
    assert "I'm an AI" in reply.text
    assert reply.tool == ""


@pytest.mark.parametrize(
    "text", ["goodbye", "okay thanks have a nice day", "no thanks that's all", "Bye bye!"]
)
def test_goodbye_ends_the_call(text):
    """A goodbye is returned, and the call ends."""
    reply = asked("hello", "Is there anything else I can help you with?", text)
    assert "Goodbye" in reply.text
    assert "end_call" == reply.tool


def test_tools_that_are_not_offered_are_not_called():
    """Without the tool in the request there is an honest answer instead of a call."""
    reply = asked("my account is 104417, what do i owe", tools=())
    assert reply.tool == ""
    assert reply.text


def test_a_second_miss_offers_a_person():
    """What is not understood gets one question, then the offer of a person, which a yes accepts."""
    first = asked("purple elephants").text
    second = asked("purple elephants", first, "dancing penguins").text
    assert first.endswith("?")
    assert "put you through" in second
    assert "transfer_to_human" == asked("purple elephants", first, "dancing penguins", second, "yes").tool


def test_repeat_says_it_again():
    """Asked to repeat, it says the same again."""
    assert (
        "Orange means it is starting."
        == asked("hi", "Orange means it is starting.", "say that again please").text
    )


def test_a_question_in_the_middle_does_not_lose_the_task():
    """Another question is answered, and the digits that follow still count for the first."""
    texts = ["what do i owe", "What's your six-digit account number?", "do i need a contract"]
    answer = asked(*texts, tools=BrightlineTools().specs)
    assert "No contract" in answer.text
    assert "look_up_invoice" == asked(*texts, answer.text, "104417", tools=BrightlineTools().specs).tool


def test_plans_take_long_enough_to_interrupt():
    """Plans are told in at least three sentences."""
    assert asked("tell me about your internet plans please").text.count(". ") >= 3


def test_every_first_clause_is_short():
    """All answers from the file begin with something short, so that speech begins soon."""
    for question in (
        "what plans do you have",
        "how do i restart the router",
        "is fiber available",
        "cancel my contract",
    ):
        answer = brightline_knowledge().find(question)
        assert answer is not None
        assert len(answer.partition(".")[0].split()) <= 8


@pytest.mark.parametrize(
    ("question", "part"),
    [
        ("what are your opening hours on sunday", "eight to eight"),
        ("how much does the fiber plan cost per month", "seventy-nine"),
        ("what is the cheapest plan", "twenty-nine"),
        ("my modem is blinking orange", "starting"),
        ("how long does the installation take", "hour"),
        ("can you help me activate my new router", "two cables"),
        ("i need to set up a new account", "account number comes"),
        ("I'd like to upgrade to a faster plan", "change any time"),
        ("i forgot my wifi password", "label"),
    ],
)
def test_retrieval(question, part):
    """Questions in other words find their entry."""
    assert part in asked(question).text


def test_irrelevant_questions_find_nothing():
    """What the file does not cover is not answered from it."""
    assert None is brightline_knowledge().find("who won the football match in brazil")


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Good morning", Intent.GREETING),
        ("hold on a second please", Intent.WAIT),
        ("my payment was declined", None),
        ("how can i pay my bill", None),
        ("there is a strange charge on my statement", Intent.BILLING),
        ("is there an outage in my area right now", Intent.OUTAGE),
        ("the wifi keeps dropping in my house", Intent.OUTAGE),
        ("", None),
    ],
)
def test_intents(text, intent):
    """Rules tell tasks from questions."""
    assert intent == intent_of(text)


def test_spoken_values():
    """Numbers, days, yes and no are read as said or typed; amounts and dates are written for the ear."""
    assert ["427109"] == digit_runs("four two seven, one zero nine")
    assert ["4471"] == digit_runs("double four 71")
    assert ["104417", "32501"] == digit_runs("104 417 and postcode 32501")
    assert "friday" == day_of("Tuesday, no, Fridays are better")
    assert (True, False) == (is_yes("Yes, please."), is_yes("no that's right"))
    assert is_no("no wednesday please")
    assert "1 0 4, 4 1 7" == spell("104417")
    assert ["1 dollar", "42 dollars and 50 cents", "soon dollars"] == [
        dollars("1.00"),
        dollars("42.50"),
        dollars("soon"),
    ]
    assert ["November 20", "soon"] == [spoken_date("2026-11-20"), spoken_date("soon")]


@pytest.mark.parametrize(
    "content", ["", "not json", "[]", "{}", '{"outage": 3, "has_outage": true}', '{"items": 1}']
)
@pytest.mark.parametrize("tool", ["look_up_invoice", "check_outage", "schedule_technician", "unheard_of"])
@pytest.mark.parametrize("is_error", [True, False])
def test_any_result_is_told(content, tool, is_error):
    """Whatever a tool answers, the caller hears a sentence."""
    messages = (
        Message("user", "hi"),
        Message("assistant", "One moment.", (ToolCall("c1", tool, {}),)),
        Message("user", tool_results=(ToolResult("c1", content, is_error),)),
    )
    assert reply_to(GenerationRequest("", messages)).text


async def test_long_replies_are_cut_at_the_limit():
    """`tokens_max` bounds the words, and the end says so."""
    model = EmbeddedLanguageModel(first_item_ms=0, item_ms=0)
    request = GenerationRequest("", (Message("user", "what plans do you have"),), tokens_max=5)
    *words, end = [item async for item in model.generate(request)]
    assert 5 == len(words)
    assert isinstance(end, GenerationEnd)
    assert ("max_tokens", 5) == (end.stop_reason, end.output_tokens)
