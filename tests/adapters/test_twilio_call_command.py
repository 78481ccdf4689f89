"""`switchboard call` against Twilio's API on loopback."""

import asyncio

import pytest
from typer.testing import CliRunner

from switchboard.cli import __main__ as command_line
from tests.fakes.twilio_rest import TwilioRest

ACCOUNT = "AC" + "a" * 32


@pytest.mark.wire
async def test_call(tmp_path, monkeypatch: pytest.MonkeyPatch):
    """The command places a call whose webhooks are ours, and prints its id."""
    monkeypatch.chdir(tmp_path)
    async with TwilioRest(account_sid=ACCOUNT, auth_token="token") as twilio:
        monkeypatch.setenv("TWILIO_ACCOUNT_SID", ACCOUNT)
        monkeypatch.setenv("TWILIO_AUTH_TOKEN", "token")
        monkeypatch.setenv("TWILIO_BASE_URL", twilio.url)
        done = await asyncio.to_thread(
            CliRunner().invoke, command_line.main, ["call", "+14155550123", "--from", "+14155550100"]
        )
        assert (0, list(twilio.calls)) == (done.exit_code, done.stdout.split())
        form = twilio.calls[done.stdout.strip()].form
        assert form["Url"] == ["http://localhost:8080/twilio/voice"]
        assert form["StatusCallback"] == ["http://localhost:8080/twilio/status"]
