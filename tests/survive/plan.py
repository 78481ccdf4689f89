"""What a run consists of, as values that its processes hand to one another as JSON."""

from pathlib import Path

from msgspec import Struct

BUILD = Path("build/survive")
CLIPS_PATH = BUILD / "clips.msgpack"
ACCOUNT_SID = "AC" + "5" * 32
NUMBER = "+15005550006"

WEBHOOK_MS = 100
"""What the carrier takes from the end of a stream to asking the webhook. An assumption: nobody has measured the real one here."""
CONNECT_MS = 50
"""From the webhook's answer to opening the socket; TLS and distance."""

OPENING, RESUMED, RESUMED_LISTENING, OTHER = 1, 2, 3, 9
"""Fixed phrases, as the voice's tags name them."""
FIRST_CLAUSE, MEMORY_CLAUSE, LAST_CLAUSE, REST = 1, 2, 3, 0
"""Clauses of an answer; `REST` is a clause that goes on from the middle."""


class VendorPorts(Struct, frozen=True):
    """Where the fake vendors listen on loopback."""

    sockets: int
    http: int


class Load(Struct, frozen=True):
    """The callers of one run."""

    calls: int
    seed: int
    public_url: str
    auth_token: str
    vendors_http_port: int


class Asked(Struct, frozen=True):
    """One request to the model: the code words in what it was told that the caller has said, in order."""

    caller: int
    known: list[str]
    at_s: float


class Heard(Struct):
    """One stretch of the agent's voice as the caller's ear got it, by the tags in it; seconds of the monotonic clock."""

    what: str
    """`fixed` or the code word of a turn."""
    part: int
    start_s: float
    end_s: float = 0.0
    """When its last sample sounded; 0 where it was cut."""


class Break(Struct):
    """One lost stream and what came after it."""

    caller: int
    how: str
    """`drained` (a close frame came) or `killed` (none did)."""
    doing: str
    owed: bool
    """Whether it was the agent's move: it was speaking, or the caller waited for an answer."""
    lost_s: float
    silent_s: float
    """When the last of the agent's audio before the break had sounded."""
    back_s: float = 0.0
    """When the next stream was open."""
    audio_s: float = 0.0
    """When the agent was heard again."""
    attempts: int = 0
    repeats: int = 0
    """Turns that the caller had to say again since."""
    answered_before: list[str] = []
    answered_after: bool = False
    faults: list[str] = []

    @property
    def gap_ms(self) -> float:
        """What a caller would call the interruption.

        Where it was the agent's move, or it speaks of the break: silence from its last sound to the next. Where it
        was the caller's: the time in which nobody listened.
        """
        if self.owed or self.how == "killed":
            return (self.audio_s - min(self.silent_s, self.lost_s)) * 1000 if self.audio_s else float("inf")
        return (self.back_s - self.lost_s) * 1000 if self.back_s else float("inf")


class Outcome(Struct, frozen=True):
    """What the callers of one run report."""

    calls: int
    breaks: list[Break]
    problems: list[str]
    turns: int
    repeats: int
    """Turns that a caller had to say again."""
    generator_lag_ms_p99: float
