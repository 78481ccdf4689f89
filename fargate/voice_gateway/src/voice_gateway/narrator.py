"""What the softphone shows: transcript, agent state and delays, as the messages of docs/web-protocol.md.

Only web calls get them: Twilio rejects messages it does not know (error 31924).
"""

from typing import Self

from switchboard.conversation.actions import AnyAction, Say, StopPlayback
from switchboard.conversation.events import (
    AnyEvent,
    DigitPressed,
    PlaybackFinished,
    PlaybackProgressed,
    PlaybackStarted,
    TranscriptFinalized,
    TranscriptUpdated,
    UserTurnEnded,
)
from voice_gateway.session import Session
from voice_gateway.turn_timer import TurnLatency


class Narrator:
    """An `Observer` that tells the caller's screen."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._says: dict[int, tuple[int, str]] = {}
        self._heard: dict[int, int] = {}
        """Per utterance on screen that is not over: what was heard of it, as far as an interruption has told."""

    @classmethod
    def of(cls, session: Session) -> Self | None:
        """A narrator for web calls, nobody for others."""
        return cls(session) if session.call.channel == "web" else None

    def event(self, event: AnyEvent, now_ms: int) -> None:  # noqa: ARG002 - part of Observer
        """Show what was said and heard."""
        match event:
            case TranscriptUpdated():
                self._caller(event.text, final=False)
            case TranscriptFinalized() if event.text:
                self._caller(event.text, final=True)
            case UserTurnEnded():
                self._caller(event.text, final=True)
            case DigitPressed():
                self._caller(f"[{event.digit}]", final=True)
            case PlaybackStarted():
                self._heard[event.say_id] = 0
                self._agent(event.say_id, None, final=False)
            case PlaybackProgressed():
                self._heard[event.say_id] = event.heard_chars
                self._agent(event.say_id, event.heard_chars, final=False)
            case PlaybackFinished():
                self._agent(event.say_id, None, final=True)
                self._says.pop(event.say_id, None)
                self._heard.pop(event.say_id, None)

    def action(self, action: AnyAction, now_ms: int) -> None:  # noqa: ARG002 - part of Observer
        """Remember what is said under which id, and what will not be heard any more."""
        if isinstance(action, Say):
            self._says[action.say_id] = (self._turn, action.text)
        elif isinstance(action, StopPlayback):
            for say_id, heard_chars in self._heard.items():
                self._agent(say_id, heard_chars, final=True)

    def activity(self, activity: str) -> None:
        """Show what the agent does."""
        self._send("state", activity)

    def turn(self, latency: TurnLatency) -> None:
        """Show where the time went."""
        parts = {
            "endpointingMs": latency.endpointing_ms,
            "generationMs": latency.generation_ms,
            "synthesisMs": latency.synthesis_ms,
        }
        self._send("turn", {"number": latency.number, "latencyMs": latency.latency_ms, "parts": parts})

    def close(self) -> None:
        """Nothing is kept."""
        self._says.clear()

    @property
    def _turn(self) -> int:
        return self._session.conversation.state.dialogue.turns

    def _caller(self, text: str, *, final: bool) -> None:
        self._send("transcript", {"turn": self._turn + 1, "speaker": "caller", "text": text, "final": final})

    def _agent(self, say_id: int, heard_chars: int | None, *, final: bool) -> None:
        if say_id in self._says:
            turn, text = self._says[say_id]
            shown = text if heard_chars is None else text[:heard_chars]
            body = {"turn": turn, "speaker": "agent", "text": shown, "final": final, "id": say_id}
            self._send("transcript", body if heard_chars is None else body | {"cut": True})

    def _send(self, event: str, body: object) -> None:
        self._session.send(self._session.outbound.web(event, body))
