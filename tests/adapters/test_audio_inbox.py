"""Audio waits in order and within a bound, and a wait for it ends in time."""

import asyncio

import pytest

from switchboard.adapters import audio_inbox as module
from switchboard.adapters.audio_inbox import AudioInbox
from switchboard.ports.errors import ProviderTimeout, ProviderUnavailable


async def get(inbox: AudioInbox) -> bytes:
    return await inbox.get(timeout_ms=20, awaited="audio")


async def test_what_came_before_an_error_is_read_before_it():
    """Pieces keep their order, an empty one included; then the error is raised, again and again."""
    inbox = AudioInbox("vendor")
    for piece in (b"one", b"", b"two"):
        assert inbox.put(piece)
    inbox.fail(ProviderUnavailable("vendor", "gone"))
    assert [b"one", b"", b"two"] == [await get(inbox) for _ in range(3)]
    for _ in range(2):
        with pytest.raises(ProviderUnavailable):
            await get(inbox)


async def test_a_reader_is_woken_by_audio_and_by_its_deadline():
    """A wait ends with the next piece, or with a time-out that names what was awaited."""
    inbox = AudioInbox("vendor")
    asyncio.get_running_loop().call_soon(inbox.put, b"one")
    assert b"one" == await inbox.get(timeout_ms=1000, awaited="audio")
    with pytest.raises(ProviderTimeout, match="no audio within 20 ms"):
        await get(inbox)


async def test_a_reader_too_far_behind_is_told_to_the_writer(monkeypatch):
    """Unread audio is bounded; reading and forgetting make room."""
    monkeypatch.setattr(module, "AUDIO_BYTES_MAX", 10)
    inbox = AudioInbox("vendor")
    assert [True, True, False] == [inbox.put(b"12345") for _ in range(3)]
    await get(inbox)
    inbox.clear()
    assert inbox.put(b"1234567890")
