"""What a benchmark run consists of, as values that its processes hand to one another as JSON."""

from pathlib import Path

from msgspec import Struct, field

BUILD = Path("build/bench")
CLIPS_PATH = BUILD / "clips.msgpack"

AUTH_TOKEN = "bench-auth-token"
TOKEN_SECRET = "bench-secret-bench-secret-bench-secret"
ACCOUNT_SID = "AC" + "b" * 32

FRAME_MS = 20
FRAME_BYTES = 160

ANSWER_MS_MAX = 6000
"""A turn without an answer after this long counts as lost."""


class Delays(Struct, frozen=True):
    """How slow the fake vendors are. Every delay really taken is logged by them and taken out turn by turn."""

    asr_interim_every_ms: int = 300
    asr_interim_ms: int = 80
    asr_final_ms: int = 60
    """From `Finalize` to its answer."""
    asr_endpointing_ms: int = 300
    asr_endpoint_final_ms: int = 250
    """From that much silence to the final result nobody asked for; a `Finalize` comes first."""
    llm_first_token_ms: int = 200
    llm_token_ms: int = 15
    tts_first_audio_ms: int = 80
    tts_chunk_ms: int = 200
    tts_speed: int = 5
    """Audio comes this many times faster than it plays."""
    tts_chars_per_s: int = 16


class VendorPorts(Struct, frozen=True):
    """Where the fake vendors listen on loopback."""

    sockets: int
    http: int


class Load(Struct, frozen=True):
    """One run of the load generator against one server."""

    calls: int
    seconds: float
    seed: int
    stream_url: str
    http_port: int
    pid: int
    vendors_http_port: int
    mute: bool = False
    """The server under load does not answer: callers speak by the clock (the floor)."""
    setup_calls: int = 0
    """Calls that hang up at the greeting, before the others: they price setting up a call."""


class Interval(Struct, frozen=True):
    """One piece of a vendor's work, in seconds of the machine's monotonic clock."""

    kind: str
    """`asr`: Finalize -> final result. `llm`: request -> token that completes the first clause. `tts`: Flush -> audio."""
    code: str
    asked_s: float
    answered_s: float


class TurnFigures(Struct):
    """What the turns of one run were like; times in milliseconds. `reference.py` defines them."""

    turns: int = 0
    lost_turns: int = 0
    """Never answered."""
    unexplained_turns: int = 0
    """Answered, but the vendors' log does not show how."""
    added_ms: list[float] = field(default_factory=list)
    undisturbed_added_ms: list[float] = field(default_factory=list)
    """Of the turns during which no other process held the server's core."""
    hops_ms: dict[str, list[float]] = field(default_factory=dict)
    latency_ms: list[float] = field(default_factory=list)
    speculation_lead_ms: list[float] = field(default_factory=list)
    barge_in_clear_ms: list[float] = field(default_factory=list)
    """Onset of the caller's voice -> `clear`."""
    barge_in_added_ms: list[float] = field(default_factory=list)
    """The frame by which voice activity can know -> `clear`."""
    gaps_ms: list[float] = field(default_factory=list)
    """Dry spells of the caller's playback buffer inside a reply."""
    loop_lag_ms: list[float] = field(default_factory=list)
    """Round trips of WebSocket pings, an upper bound of the server's event-loop lag."""


class Measured(Struct, frozen=True):
    """What one run of the load generator found."""

    calls: int
    seconds: float
    cpu_ms_per_call_s: float
    cpu_share: float
    """Of one core."""
    starved_share: float
    """Time in which the server could run but another process had its core: noise of the machine."""
    setup_cpu_ms: float
    """CPU of a call that hangs up at the greeting."""
    rss_mb_per_call: float
    audio_out_share: float
    """Seconds of audio received per call-second."""
    messages_out_per_call_s: float
    ready_lag_ms_max: float
    generator_lag_ms_p99: float
    lost_calls: int
    refusals: int
    """Upgrades that the server refused for the moment, by its admission rule."""
    problems: list[str]
    turns: TurnFigures
