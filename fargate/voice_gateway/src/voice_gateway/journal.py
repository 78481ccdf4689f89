"""A call's journal: every fact with its time, enough to replay the call exactly, and what it was answered with.

One JSON object a line. It holds what callers said: it is written only where SWITCHBOARD_JOURNAL_DIR says so.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from switchboard.conversation.actions import AnyAction, Generate, SaveCheckpoint
from switchboard.conversation.events import AnyEvent
from voice_gateway.session import Session
from voice_gateway.turn_timer import TurnLatency


class Journal:
    """An `Observer` that writes."""

    def __init__(self, path: Path, session: Session) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("wb")
        self._session = session
        self._encoder = msgspec.json.Encoder()
        self._write({"call": {"id": session.call.call_id, "channel": session.call.channel}})

    @classmethod
    def into(cls, folder: Path) -> Callable[[Session], "Journal"]:
        """Journals go to this folder, one file per call and stay at this task."""
        return lambda session: cls(folder / f"{session.call.call_id}-{session.fence}.jsonl", session)

    def event(self, event: AnyEvent, now_ms: int) -> None:
        """A fact."""
        self._write({"ms": now_ms, "event": event})

    def action(self, action: AnyAction, now_ms: int) -> None:
        """An order, without what the facts already hold."""
        if isinstance(action, Generate):
            self._write(
                {
                    "ms": now_ms,
                    "action": {
                        "type": "Generate",
                        "id": action.generation_id,
                        "speculative": action.speculative,
                    },
                }
            )
        elif not isinstance(action, SaveCheckpoint):
            self._write({"ms": now_ms, "action": action})

    def activity(self, activity: str) -> None:
        """Implied by the facts."""

    def turn(self, latency: TurnLatency) -> None:
        """A turn's delays."""
        self._write({"ms": self._session.clock.now_ms(), "turn": latency})

    def close(self) -> None:
        """The call is over: keep its memory beside the facts it came from."""
        self._write({"ms": self._session.clock.now_ms(), "history": self._session.conversation.history})
        self._file.close()

    def _write(self, line: dict[str, Any]) -> None:
        self._file.write(self._encoder.encode(line) + b"\n")
