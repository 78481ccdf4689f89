"""Whatever a peer sends wrong closes its own call, with a reason, and no other (issue: "Bad input")."""

import asyncio

import pytest

from switchboard.domain.calls import NextStep
from tests.gateway.rig import FarEnd, World
from tests.gateway.virtual_time import run

GARBAGE = {
    "not JSON": (b"{", 1002),
    "not an object": (b"[1]", 1002),
    "no event": (b"{}", 1002),
    "media without payload": (b'{"event":"media","media":{"chunk":"1","timestamp":"0"}}', 1002),
    "media that is not base64": (
        b'{"event":"media","media":{"chunk":"1","timestamp":"0","payload":"***"}}',
        1002,
    ),
    "mark without a name": (b'{"event":"mark","mark":{}}', 1002),
    "an unknown key": (b'{"event":"dtmf","dtmf":{"digit":"x"}}', 1002),
    "a second connected": (b'{"event":"connected"}', 1002),
    "typed text on a telephone": (b'{"event":"text","text":"hello"}', 1002),
    "not UTF-8": (b'{"event":"\xff\xfe"}', 1007),
}


async def two_calls(world: World):
    gateway = await world.gateway()
    good, bad = FarEnd(world, "CA" + "1" * 32), FarEnd(world, "CA" + "2" * 32)
    for phone in (good, bad):
        await phone.dial(gateway)
    await asyncio.sleep(0.5)
    return gateway, good, bad


async def ends(gateway, good: FarEnd, bad: FarEnd) -> None:
    """The good call goes through a whole turn, whatever became of the bad one."""
    await good.agent_has_spoken()
    await good.speak("i want to pay my bill today")
    await good.agent_has_spoken()
    session = next(s for s in good.world.sessions if s.call.call_id == good.call_sid)
    remembered = [message.text for message in session.conversation.history]
    await good.hang_up()
    await bad.over()
    gateway.close()
    assert "i want to pay my bill today" in remembered


@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_closes_one_call(name):
    """A malformed message ends its own call with a protocol error; that call can be resumed, the other goes on."""
    data, code = GARBAGE[name]

    async def calls():
        world = World()
        gateway, good, bad = await two_calls(world)
        bad.connection.on_text(data)
        await ends(gateway, good, bad)

        assert code == bad.closed[0]
        assert NextStep.RESUME == world.checkpoints.checkpoints[bad.key].next_step

    run(calls())


def test_a_binary_message_closes_the_call():
    """Twilio sends text only."""

    async def calls():
        gateway, good, bad = await two_calls(World())
        bad.connection.on_binary()
        await ends(gateway, good, bad)

        assert 1003 == bad.closed[0]

    run(calls())


def test_a_flood_closes_the_call():
    """More messages than a telephone can send are refused."""

    async def calls():
        gateway, good, bad = await two_calls(World())
        for _ in range(2000):
            bad.connection.on_text(b'{"event":"mark","mark":{"name":"m"}}')
        await ends(gateway, good, bad)

        assert (1008, "too many messages") == bad.closed

    run(calls())


def test_absurd_timestamps_close_the_call():
    """Media from the far future cannot be placed on the caller's timeline."""

    async def calls():
        gateway, good, bad = await two_calls(World())
        bad.tell(bad.media(500, 99_999_999, b"\xff" * 160))
        await ends(gateway, good, bad)

        assert bad.closed is not None
        assert 1002 == bad.closed[0]
        assert "media out of time" in bad.closed[1]

    run(calls())


def test_duplicate_reordered_and_missing_media_change_nothing():
    """Frames that come twice, late or not at all leave a call that still understands its caller."""

    async def calls():
        gateway, good, bad = await two_calls(World())
        await bad.agent_has_spoken()
        for chunk in (3, 1, 2, 2):
            bad.tell(bad.media(chunk, (chunk - 1) * 20, b"\xff" * 160))
        bad._chunk += 5
        await bad.speak("i want to pay my bill too")
        await bad.agent_has_spoken()
        session = next(s for s in bad.world.sessions if s.call.call_id == bad.call_sid)
        remembered = [message.text for message in session.conversation.history]
        await bad.hang_up()
        await ends(gateway, good, bad)

        assert "i want to pay my bill too" in remembered

    run(calls())


def test_unknown_events_marks_and_repeated_marks_are_ignored():
    """A newer Twilio may send more than we know; a mark that is not ours says nothing."""

    async def calls():
        gateway, good, bad = await two_calls(World())
        for message in (b'{"event":"novelty","x":1}', *[b'{"event":"mark","mark":{"name":"m1"}}'] * 3):
            bad.connection.on_text(message)
        assert bad.closed is None
        await bad.hang_up()
        await ends(gateway, good, bad)

    run(calls())


async def refused(world: World, dial) -> tuple[int, str]:
    gateway = await world.gateway()
    phone = FarEnd(world)
    await dial(gateway, phone)
    await phone.over()
    gateway.close()
    assert phone.closed is not None
    assert [] == world.sessions
    return phone.closed


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"expires_at_s": 1}, "TokenExpired"),
        ({"channel": "web"}, "another channel"),
        ({"account_sid": "AC" + "9" * 32}, "another channel or account"),
        ({"call_sid": "CA" + "9" * 32}, "TokenForOtherCall"),
    ],
)
def test_a_token_that_does_not_fit_opens_nothing(changes, reason):
    """S1: expired, foreign or mismatched tokens never start a session."""

    async def calls():
        world = World()

        async def dial(gateway, phone):
            call_sid = changes.get("call_sid", phone.call_sid)
            await phone.dial(
                gateway, token=world.token(call_sid, **{k: v for k, v in changes.items() if k != "call_sid"})
            )

        code, text = await refused(world, dial)

        assert 1008 == code
        assert reason in text

    run(calls())


def test_a_missing_token_opens_nothing():
    """S1: a `start` without our parameter is not from our TwiML."""

    async def calls():
        async def dial(gateway, phone):
            await phone.dial(gateway, token="x")

        assert (1008, "stream token refused: TokenForged") == await refused(World(), dial)

    run(calls())


def test_a_token_is_accepted_once():
    """S1: a replayed token is refused, also while the first call lives."""

    async def calls():
        world = World()
        gateway = await world.gateway()
        first, second = FarEnd(world), FarEnd(world)
        token = world.token(first.call_sid)
        await first.dial(gateway, token=token)
        await asyncio.sleep(0.2)
        await second.dial(gateway, token=token)
        await second.over()
        await first.agent_has_spoken()
        await first.hang_up()
        gateway.close()

        assert (1008, "stream token was used before") == second.closed
        assert 1 == len(world.sessions)

    run(calls())


def test_a_peer_that_never_starts_is_closed():
    """The first message must come within 5 s."""

    async def calls():
        world = World()
        gateway = await world.gateway()
        phone = FarEnd(world)
        from voice_gateway.connection import Connection

        phone.connection = Connection(gateway, phone, "phone")
        gateway.entered(phone.connection)
        await asyncio.sleep(5.2)
        gateway.close()

        assert (1008, "no start message within 5 s") == phone.closed

    run(calls())


def test_start_before_connected_is_refused():
    """Wrong order is not Twilio."""

    async def calls():
        world = World()
        gateway = await world.gateway()
        phone = FarEnd(world)
        from voice_gateway.connection import Connection

        phone.connection = Connection(gateway, phone, "phone")
        gateway.entered(phone.connection)
        phone.tell(phone.start_message("x"))
        await asyncio.sleep(0.1)
        gateway.close()

        assert phone.closed is not None
        assert 1002 == phone.closed[0]

    run(calls())


def test_a_full_gateway_refuses_before_live_calls_suffer():
    """D4: the bound on calls holds."""

    async def calls():
        world = World(calls_max=1)
        gateway = await world.gateway()
        phone = FarEnd(world)
        before = gateway.refusal()
        await phone.dial(gateway)
        after = gateway.refusal()
        await phone.agent_has_spoken()
        await phone.hang_up()
        gateway.close()

        assert (None, "full") == (before, after)

    run(calls())
