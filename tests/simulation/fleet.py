"""Many calls on one gateway process in virtual time: stream tokens, admission, and a provider that turns slow.

The calls themselves are light (a use of the model every few seconds); what is real is `stream_tokens`, `Admission` and
`CircuitBreaker`, wired as the gateway wires them.
"""

import hashlib
import heapq
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any, Final

from msgspec import Struct, structs

from switchboard.domain.circuit_breaker import CircuitBreaker
from switchboard.domain.stream_tokens import StreamClaims, TokenRefused, mint, verify
from tests.fakes.token_ledger import InMemoryTokenLedger
from tests.simulation.observations import Violation
from voice_gateway.admission import LAG_MS_MAX, Admission

SECRET: Final = "simulated-secret-of-sufficient-length"
OTHER_SECRET: Final = "somebody-elses-secret-of-this-length"
LENGTH_MS: Final = 180_000
CALLS_MAX: Final = 60
DEGRADED_LAG_MS: Final = 100
"""Event-loop lag at which callers hear gaps."""
BUDGET_MS: Final = 800
PROBE_EVERY_MS: Final = 250
OPENS_WITHIN_MS: Final = 10_000


class Fleet:
    """One process and its callers."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)
        self.now_ms = 0
        self.live: set[int] = set()
        self.admission = Admission(calls_max=CALLS_MAX)
        self.breaker = CircuitBreaker(budget_ms=BUDGET_MS)
        self.sometimes: set[str] = set()
        self._ledger = InMemoryTokenLedger()
        self._accepted: list[str] = []
        self._tokens: list[tuple[str, str]] = []
        self._trace = hashlib.blake2b(digest_size=8)
        self._heap: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []
        self._numbers = 0
        self._stolen = 0.0
        self._capacity = self.rng.choice((25, 45, 90))
        self._slow_ms = (self.rng.randint(10_000, 60_000), self.rng.randint(70_000, 120_000))
        self._answers_never = self.rng.random() < 0.4
        self._slow_uses: list[int] = []
        self._probed = True

    def run(self) -> str:
        """Play three minutes; returns the trace hash, raises `Violation`."""
        self._at(0, self._caller_arrives)
        self._at(PROBE_EVERY_MS, self._probe_if_due)
        self._at(self.rng.randint(5000, 90_000), self._steal_cpu)
        while self._heap and self.now_ms < LENGTH_MS:
            self.now_ms, _, what, arguments = heapq.heappop(self._heap)
            what(*arguments)
        if not self.breaker.allows() and self.now_ms - self._slow_ms[1] > OPENS_WITHIN_MS + 35_000:
            raise Violation("D2", "a healed provider does not serve again")
        return self._trace.hexdigest()

    @property
    def lag_ms(self) -> float:
        """How late the event loop runs: little until the process is nearly full, then steeply more."""
        return float(2 + 60 * (len(self.live) / self._capacity) ** 4 + self._stolen)

    # -- S1 and D4 --------------------------------------------------------------------------------

    def _caller_arrives(self) -> None:
        surge = 20_000 <= self.now_ms % 60_000 < 30_000
        self._at(self.now_ms + self.rng.randint(20, 400 if surge else 3000), self._caller_arrives)
        sid = f"CA{self._number()}"
        nonce = self.rng.randbytes(16)
        claims = StreamClaims(sid, "AC1", "tenant", "phone", self.now_ms // 1000 + 60, nonce)
        token = mint(SECRET, claims)
        self._tokens.append((sid, token))
        self._at(self.now_ms + self.rng.randint(100, 800), self._socket_opens, sid, token, True)
        if self.rng.random() < 0.2:
            self._at(self.now_ms + self.rng.randint(100, 90_000), self._attack, claims)

    def _attack(self, claims: StreamClaims) -> None:
        sid, token = self.rng.choice(self._tokens)
        forged = mint(OTHER_SECRET, structs.replace(claims, nonce=self.rng.randbytes(16)))
        tampered = token[:-1] + ("A" if token[-1] != "A" else "B")
        other_call = self.rng.choice(self._tokens)[0]
        for attempt in ((sid, token), (sid, forged), (sid, tampered), (f"{other_call}x", token)):
            self._at(self.now_ms, self._socket_opens, *attempt, False)

    def _socket_opens(self, sid: str, token: str, genuine: bool) -> None:
        try:
            claims = verify(SECRET, token, call_sid=sid, now_s=self.now_ms // 1000)
        except TokenRefused as refused:
            self.sometimes.add(type(refused).__name__)
            self._note("refused", type(refused).__name__)
            return
        if not _now(self._ledger.redeem(claims.tenant, claims.nonce_text, expires_at_s=claims.expires_at_s)):
            self.sometimes.add("token replayed")
            self._note("replayed", sid)
            return
        if token in self._accepted or (sid, token) not in self._tokens:
            raise Violation(
                "S1", f"a {'genuine' if genuine else 'replayed or forged'} token opened a stream twice"
            )
        self._accepted.append(token)
        self._take_call()

    def _take_call(self) -> None:
        refusal = self.admission.admit(live_calls=len(self.live), lag_ms=self.lag_ms)
        self._note("admit", str(refusal))
        if refusal:
            self.sometimes.add(f"call refused: {refusal}")
            return
        if self.lag_ms > LAG_MS_MAX or len(self.live) >= CALLS_MAX:
            raise Violation("D4", f"a call is taken at a lag of {self.lag_ms:.0f} ms")
        call = self._number()
        self.live.add(call)
        if self.lag_ms - self._stolen > DEGRADED_LAG_MS:
            raise Violation(
                "D4", f"live calls degrade: {self.lag_ms:.0f} ms of lag with {len(self.live)} calls"
            )
        self._at(self.now_ms + self.rng.randint(15_000, 90_000), self.live.discard, call)
        self._at(self.now_ms + self.rng.randint(500, 4000), self._use_model, call)

    def _steal_cpu(self) -> None:
        self._stolen = self.rng.choice((0.0, 40.0, 80.0)) if not self._stolen else 0.0
        self._at(self.now_ms + self.rng.randint(3000, 20_000), self._steal_cpu)

    # -- D2 ---------------------------------------------------------------------------------------

    def _use_model(self, call: int) -> None:
        if call not in self.live:
            return
        self._at(self.now_ms + self.rng.randint(3000, 9000), self._use_model, call)
        self._check_opened()
        if not self.breaker.allows():
            self.sometimes.add("fail-over to the second provider")
            return
        if not self._probed:
            raise Violation("D2", "a live caller is the first to try a provider that failed")
        latency_ms = self._latency_ms()
        overdue_ms = self.breaker.slow_after_ms + 1
        if latency_ms > overdue_ms:
            self._slow_uses.append(self.now_ms)
        else:
            self._slow_uses.clear()
        self._at(self.now_ms + min(latency_ms, overdue_ms), self._report, min(latency_ms, overdue_ms))

    def _report(self, latency_ms: int) -> None:
        was_closed = self.breaker.allows()
        self.breaker.record_latency(latency_ms, self.now_ms)
        self._note("latency", str(latency_ms))
        if was_closed and not self.breaker.allows():
            self.sometimes.add("breaker opened on slowness")
            self._probed = False
            self._slow_uses.clear()

    def _check_opened(self) -> None:
        """Three slow uses in a row, and 10 s later a live caller is still sent there."""
        if len(self._slow_uses) >= 3 and self.breaker.allows():
            since_ms = self.now_ms - self._slow_uses[2]
            if since_ms > OPENS_WITHIN_MS - self.breaker.slow_after_ms:
                raise Violation("D2", f"the breaker is closed {since_ms} ms after the third slow use")

    def _probe_if_due(self) -> None:
        self._at(self.now_ms + PROBE_EVERY_MS, self._probe_if_due)
        if self.breaker.probe_due(self.now_ms):
            self.breaker.start_probe(self.now_ms)
            self._at(self.now_ms + min(self._latency_ms(), 4000), self._probe_ends, self._slow)

    def _probe_ends(self, failed: bool) -> None:
        self._note("probe", str(failed))
        if failed:
            self.breaker.record_probe_failure(self.now_ms)
            self.sometimes.add("probe failed")
        else:
            self._probed = True
            self.breaker.record_probe_success(self.now_ms)
            self.sometimes.add("provider healed")

    @property
    def _slow(self) -> bool:
        return self._slow_ms[0] <= self.now_ms < self._slow_ms[1]

    def _latency_ms(self) -> int:
        if not self._slow:
            return self.rng.randint(150, 700)
        return 60_000 if self._answers_never else self.rng.randint(1800, 6000)

    # -- Inside -----------------------------------------------------------------------------------

    def _at(self, at_ms: int, what: Callable[..., None], *arguments: Any) -> None:
        heapq.heappush(self._heap, (at_ms, self._number(), what, arguments))

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers

    def _note(self, *what: str) -> None:
        self._trace.update(repr((self.now_ms, what)).encode())


class FleetOutcome(Struct, frozen=True):
    """What three minutes of one process came to."""

    seed: int
    trace_hash: str
    sometimes: frozenset[str]
    violation: Violation | None


def simulate_fleet(seed: int) -> FleetOutcome:
    """Play the process of one seed."""
    fleet = Fleet(seed)
    try:
        return FleetOutcome(seed, fleet.run(), frozenset(fleet.sometimes), None)
    except Violation as found:
        return FleetOutcome(seed, "", frozenset(fleet.sometimes), found)


def _now(answer: Coroutine[Any, Any, bool]) -> bool:
    """The answer of a fake that never waits."""
    try:
        answer.send(None)
    except StopIteration as done:
        return bool(done.value)
    raise AssertionError("a fake waited")
