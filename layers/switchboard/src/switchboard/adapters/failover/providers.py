"""What the three fail-overs share: who may serve, what a use reports, and the probes that let a provider return."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar

from switchboard.domain.circuit_breaker import CircuitBreaker
from switchboard.ports.errors import ProviderError, ProviderRejected, ProviderTimeout, ProviderUnavailable

PROBE_CHECK_INTERVAL_S = 0.25
"""How often an open breaker is asked whether a probe is due; far finer than any cool-down."""
CLOSED_CHECK_INTERVAL_S = 1.0
"""How often closed breakers are looked at: an open one is found before its cool-down is over."""
PROBE_TIMEOUT_S = 8.0
"""Longer than any adapter's own deadline for a probe; a probe that hangs must not keep its provider out for ever."""

Clock = Callable[[], int]
"""Integer ms that never run backwards."""

SwitchCallback = Callable[[str, str, str], None]
"""Told `(from_name, to_name, reason)` at every change of provider within one use; called inline, must not block.

`reason` is the class name of the error, from a small closed set, so that it can be the dimension of a metric.
"""


AnswerCallback = Callable[[str, int], None]
"""Told `(name, latency_ms)` at the first result of every use; called inline, must not block."""

FailureCallback = Callable[[str, str], None]
"""Told `(name, reason)` at every use that failed, `reason` as above; called inline, must not block."""


class Probed(Protocol):
    """What `Transcriber`, `LanguageModel` and `Synthesizer` have in common."""

    name: str

    async def probe(self) -> None:
        """Return when healthy, raise `ProviderError` if not."""

    async def close(self) -> None:
        """Release everything."""


P = TypeVar("P", bound=Probed)


class Member(Generic[P]):
    """One provider with its breaker."""

    __slots__ = ("breaker", "provider")

    def __init__(self, provider: P, breaker: CircuitBreaker) -> None:
        self.provider = provider
        self.breaker = breaker

    @property
    def name(self) -> str:
        """The provider's name."""
        return self.provider.name


class Use(Generic[P]):
    """One live use of a provider up to its first result.

    A use still unanswered when it has become slow is reported then, not when (or if) the answer comes: a provider that
    has stopped answering must open its breaker within seconds (rule D2).
    """

    __slots__ = ("_clock", "_member", "_on_answer", "_overdue", "_started_ms")

    def __init__(self, member: Member[P], clock: Clock, on_answer: AnswerCallback | None = None) -> None:
        self._member = member
        self._clock = clock
        self._on_answer = on_answer
        self._started_ms = clock()
        slow_after_ms = member.breaker.slow_after_ms + 1
        self._overdue: asyncio.TimerHandle | None = asyncio.get_running_loop().call_later(
            slow_after_ms / 1000, self._report_overdue, slow_after_ms
        )

    def answered(self) -> None:
        """The first result is here."""
        if self._overdue is not None:
            now_ms = self._clock()
            self._member.breaker.record_latency(now_ms - self._started_ms, now_ms)
        if self._on_answer is not None:
            self._on_answer(self._member.name, self._clock() - self._started_ms)
            self._on_answer = None
        self.stop()

    def stop(self) -> None:
        """Report no (further) latency: the use failed or was given up."""
        if self._overdue is not None:
            self._overdue.cancel()
            self._overdue = None

    def _report_overdue(self, latency_ms: int) -> None:
        self._overdue = None
        self._member.breaker.record_latency(latency_ms, self._clock())


class Providers(Generic[P]):
    """Providers in order of preference, each with the budget in ms of its first result.

    `on_rejected` is told when a live use was refused, which a rotated key causes; called inline, must not block.
    Probes run in a task of their own between `start()` and `close()`, or inside `async with`; without them a provider
    that failed never returns.
    """

    name = "failover"
    kind: str

    def __init__(
        self,
        providers: Sequence[tuple[P, int]],
        *,
        clock: Clock | None = None,
        on_switch: SwitchCallback | None = None,
        on_rejected: Callable[[], None] | None = None,
        on_answer: AnswerCallback | None = None,
        on_failure: FailureCallback | None = None,
    ) -> None:
        assert providers, "at least one provider is needed"
        self.clock = clock if clock is not None else monotonic_ms
        self.members = [
            Member(provider, CircuitBreaker(budget_ms=budget_ms)) for provider, budget_ms in providers
        ]
        self._on_switch = on_switch
        self._on_rejected = on_rejected
        self._on_answer = on_answer
        self._on_failure = on_failure
        self._last_error: ProviderError | None = None
        self._prober: asyncio.Task[None] | None = None
        self._closed = False

    def choose(self, tried: Sequence[Member[P]] = (), error: ProviderError | None = None) -> Member[P]:
        """The first provider that may serve and is not in `tried`.

        Where none may, the first untried one serves all the same: a slow or doubtful answer is better for a live caller
        than a certain failure. Raises `error`, or else the latest error of any provider, if all were tried.
        """
        if self._closed:
            raise ProviderUnavailable(self.kind, "closed")
        untried = [member for member in self.members if member not in tried]
        for member in untried:
            if member.breaker.allows():
                return member
        if untried:
            return untried[0]
        last = error or self._last_error or ProviderUnavailable(self.kind, "no provider may serve")
        # The same error may be raised to many calls; each would otherwise lengthen its traceback.
        raise last.with_traceback(None)

    def has_other(self, member: Member[P]) -> bool:
        """True where somebody else could take over from `member`."""
        return any(other.breaker.allows() for other in self.members if other is not member)

    @contextmanager
    def use(self, member: Member[P]) -> Iterator[Use[P]]:
        """Time a use until its first result."""
        use = Use(member, self.clock, self._on_answer)
        try:
            yield use
        finally:
            use.stop()

    def answered(self, member: Member[P], latency_ms: int) -> None:
        """Tell the observer of a first result that was not timed by `use`."""
        if self._on_answer is not None:
            self._on_answer(member.name, latency_ms)

    def failed(self, member: Member[P], error: ProviderError) -> None:
        """A live use failed.

        A rejected request says nothing about the provider's health - it may be one tenant's bad request, which must not
        cut off the others - so it moves this use on and leaves the breaker alone.
        """
        self._last_error = error
        if isinstance(error, ProviderRejected) and self._on_rejected is not None:
            self._on_rejected()
        if error.retryable:
            member.breaker.record_failure(self.clock())
        if self._on_failure is not None:
            self._on_failure(member.name, type(error).__name__)

    def switched(self, before: Member[P], after: Member[P], error: ProviderError) -> None:
        """Tell the observer that `after` continues what `before` could not."""
        if self._on_switch is not None:
            self._on_switch(before.name, after.name, type(error).__name__)

    async def probe(self) -> None:
        """Healthy as long as one provider is. Raises the last `ProviderError` if none is."""
        error: ProviderError = ProviderUnavailable(self.kind, "no provider")
        for member in self.members:
            try:
                await member.provider.probe()
            except ProviderError as failure:
                error = failure
            else:
                return
        raise error

    async def probe_due(self) -> None:
        """Probe every provider whose cool-down is over, side by side."""
        now_ms = self.clock()
        due = [member for member in self.members if member.breaker.probe_due(now_ms)]
        await asyncio.gather(*(self._probe(member) for member in due))

    def start(self) -> None:
        """Begin to probe in the background."""
        assert self._prober is None, "already started"
        self._prober = asyncio.create_task(self._probe_for_ever(), name=f"{self.kind}-probes")

    async def close(self) -> None:
        """Stop probing and close every provider. Raises what ended the probe task, if anything but us did."""
        self._closed = True
        prober, self._prober = self._prober, None
        if prober is not None:
            prober.cancel()
            await asyncio.wait({prober})
        for member in self.members:
            await member.provider.close()
        if prober is not None and not prober.cancelled():
            prober.result()

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _probe_for_ever(self) -> None:
        while True:
            closed = all(member.breaker.allows() for member in self.members)
            await asyncio.sleep(CLOSED_CHECK_INTERVAL_S if closed else PROBE_CHECK_INTERVAL_S)
            await self.probe_due()

    async def _probe(self, member: Member[P]) -> None:
        member.breaker.start_probe(self.clock())
        healthy = False
        try:
            async with asyncio.timeout(PROBE_TIMEOUT_S):
                await member.provider.probe()
            healthy = True
        except ProviderError as error:
            self._last_error = error
        except TimeoutError:
            self._last_error = ProviderTimeout(member.name, "the probe did not end")
        finally:
            # Also when cancelled or surprised: a breaker left half-open would never be probed again.
            if healthy:
                member.breaker.record_probe_success(self.clock())
            else:
                member.breaker.record_probe_failure(self.clock())


def monotonic_ms() -> int:
    """The default clock."""
    return time.monotonic_ns() // 1_000_000
