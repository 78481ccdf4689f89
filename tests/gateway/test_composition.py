"""The composition root: what the settings name is what serves, and a vendor that is down keeps nothing from starting."""

import pytest

from switchboard.conversation.policy import Policy
from switchboard.ports.errors import ProviderError
from switchboard.settings import load_settings
from voice_gateway.call import Platform
from voice_gateway.composition import _socket_url, compose

KEYS = {
    "DEEPGRAM_API_KEY": "k" * 20,
    "ANTHROPIC_API_KEY": "k" * 20,
    "ELEVENLABS_API_KEY": "k" * 20,
    "AWS_REGION": "us-east-1",
    "BEDROCK_MODEL_ID": "some.model",
}
NOBODY = "http://127.0.0.1:1"


def policy(platform: Platform) -> Policy:
    """The demo tenant's."""
    found = platform.policies.of("default")
    assert found
    return found.policy


@pytest.fixture
def environ(tmp_path, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x" * 20)
    return {
        **KEYS,
        "SWITCHBOARD_STATE_PATH": str(tmp_path / "state.sqlite3"),
        "DEEPGRAM_BASE_URL": NOBODY,
        "ANTHROPIC_BASE_URL": NOBODY,
        "ELEVENLABS_BASE_URL": NOBODY,
        "AWS_ENDPOINT_URL": NOBODY,
    }


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("https://api.deepgram.com", "wss://api.deepgram.com"),
        ("http://127.0.0.1:99", "ws://127.0.0.1:99"),
        ("wss://api.eu.deepgram.com", "wss://api.eu.deepgram.com"),
    ],
)
def test_a_vendors_address_may_be_given_either_way(given, expected):
    """The default is https, the wire is a WebSocket."""
    assert expected == _socket_url(given)


@pytest.mark.wire
async def test_vendors_that_are_down_do_not_keep_the_gateway_from_starting(environ):
    """Phrases are rendered later and every port answers with a `ProviderError`, which calls know how to bear."""
    environ |= {
        "SWITCHBOARD_ASR": "deepgram,transcribe",
        "SWITCHBOARD_LLM": "anthropic,bedrock",
        "SWITCHBOARD_TTS": "deepgram,elevenlabs,polly",
    }
    async with compose(load_settings(environ)) as platform:
        with pytest.raises(ProviderError):
            await platform.transcriber.open(language="en-US")

        assert ["anthropic", "bedrock"] == [m.name for m in platform.language_model.members]  # type: ignore[attr-defined]
        assert platform.phrases.get(policy(platform).agent.voice, policy(platform).opening) is None


@pytest.mark.wire
async def test_embedded_providers_are_ready_before_the_first_call(environ):
    """Every fixed phrase is in the cache when the gateway begins to listen."""
    async with compose(load_settings(environ)) as platform:
        missing = [
            text
            for text in policy(platform).fixed_texts()
            if platform.phrases.get(policy(platform).agent.voice, text) is None
        ]

        assert [] == missing
