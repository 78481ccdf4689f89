"""Fail-over between language models."""

import asyncio

import pytest

from switchboard.adapters.failover.language_model import FailoverLanguageModel
from switchboard.domain.messages import Message
from switchboard.ports.errors import ProviderError, ProviderOverloaded, ProviderRejected, ProviderUnavailable
from switchboard.ports.language_model import GenerationEnd, GenerationRequest, TextDelta
from tests.fakes.clock import until
from tests.fakes.language_model import FakeLanguageModel
from tests.fakes.model_scripts import Drop, Failure, Pause, Refusal, Reply, Text

REQUEST = GenerationRequest(system="Be brief.", messages=(Message(role="user", text="hello"),))
GREETING = Reply(steps=(Text("Hello "), Text("there.")))
BUDGET_MS = 500


def two(first_script, budget_ms=BUDGET_MS, **settings):
    first = FakeLanguageModel(name="first", default=first_script, **settings)
    second = FakeLanguageModel(name="second", default=GREETING)
    switches = []
    both = FailoverLanguageModel(
        [(first, budget_ms), (second, budget_ms)], on_switch=lambda *switch: switches.append(switch)
    )
    return first, second, switches, both


async def collect(model):
    return [item async for item in model.generate(REQUEST)]


async def test_the_first_answers():
    """A healthy first model serves alone."""
    first, second, switches, both = two(GREETING)
    items = await collect(both)
    assert [item.text for item in items if isinstance(item, TextDelta)] == ["Hello ", "there."]
    assert isinstance(items[-1], GenerationEnd)
    assert (len(first.requests), len(second.requests), switches) == (1, 0, [])


@pytest.mark.parametrize("failure", [Failure.OVERLOADED, Failure.SERVER_ERROR, Failure.BAD_CREDENTIALS])
async def test_an_error_before_the_first_item_moves_the_request(failure):
    """The next model gets the same request at once."""
    first, second, switches, both = two(Refusal(failure))
    items = await collect(both)
    assert [item.text for item in items if isinstance(item, TextDelta)] == ["Hello ", "there."]
    assert (first.requests, second.requests) == ([REQUEST], [REQUEST])
    assert [(before, after) for before, after, _ in switches] == [("first", "second")]


async def test_an_error_after_text_is_raised():
    """Half a reply is the conversation's affair: nothing is generated again behind its back."""
    _, second, switches, both = two(Reply(steps=(Text("Hel"), Drop())))
    items = both.generate(REQUEST)
    assert await anext(items) == TextDelta("Hel")
    with pytest.raises(ProviderUnavailable):
        await anext(items)
    assert (second.requests, switches) == ([], [])


async def test_errors_in_a_row_open_the_breaker():
    """After three failures in a row the first model is not asked any more."""
    first, _, _, both = two(Refusal(Failure.SERVER_ERROR))
    for _ in range(5):
        await collect(both)
    assert len(first.requests) == 3


async def test_all_down_raises_the_last_error():
    """When no model answers, the last one's error is raised."""
    _, second, _, both = two(Refusal(Failure.SERVER_ERROR))
    second.failure = Failure.OVERLOADED
    with pytest.raises(ProviderOverloaded):
        await collect(both)


async def test_closing_cancels_at_the_vendor():
    """Closing the generator closes the model's own."""
    first, second, _, both = two(GREETING)
    items = both.generate(REQUEST)
    assert TextDelta("Hello ") == await anext(items)
    await items.aclose()
    assert (first.cancellation_count, len(second.requests)) == (1, 0)


@pytest.mark.wire
async def test_slow_first_items_open_the_breaker_while_still_waiting():
    """Three requests that wait for their first item open the breaker before any of them is answered (rule D2)."""
    gate = asyncio.Event()
    first, _, _, both = two(Reply(steps=(Pause(1), Text("late"))), budget_ms=10, sleep=lambda _: gate.wait())
    waiting = [asyncio.ensure_future(collect(both)) for _ in range(3)]
    await until(lambda: not both.members[0].breaker.allows())
    assert [item.text for item in await collect(both) if isinstance(item, TextDelta)] == ["Hello ", "there."]
    gate.set()
    await asyncio.gather(*waiting)
    assert len(first.requests) == 3


async def test_a_rejection_by_all_is_raised_as_such():
    """A request that every model rejects raises a `ProviderRejected`, which nobody retries."""
    _, second, _, both = two(Refusal(Failure.BAD_REQUEST))
    second.failure = Failure.BAD_REQUEST
    with pytest.raises(ProviderRejected) as caught:
        await collect(both)
    assert not caught.value.retryable
    assert isinstance(caught.value, ProviderError)
