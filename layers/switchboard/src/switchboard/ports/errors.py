"""Everything that can go wrong outside, as the application sees it.

PortError
├── ProviderError                the other side of a port failed; `.provider` says which
│   ├── ProviderUnavailable      no connection, dropped, 5xx                      retryable
│   ├── ProviderTimeout          a deadline passed                                retryable
│   ├── ProviderOverloaded       429, 529, throttled; `.retry_after_ms` if known  retryable
│   ├── ProviderProtocolError    it answered, but not in its own format           retryable
│   └── ProviderRejected         our request or credentials are wrong             not retryable
└── StaleOwner                   another task owns this call now: stop at once    not retryable

Adapters map their vendor's errors to these at their edge, once, and drop texts that could hold
personal data (`raise … from None`).
"""


class PortError(Exception):
    """Base of every error that crosses a port."""

    retryable = False


class ProviderError(PortError):
    """The provider behind a port failed. `provider` is the adapter's `name`."""

    def __init__(self, provider: str, reason: str) -> None:
        super().__init__(f"{provider}: {reason}")
        self.provider = provider
        self.reason = reason


class ProviderUnavailable(ProviderError):
    """No connection, a dropped one, or a server error (5xx)."""

    retryable = True


class ProviderTimeout(ProviderError):
    """A deadline passed without the awaited answer."""

    retryable = True


class ProviderOverloaded(ProviderError):
    """The provider refuses because of load or quota (429, 529, throttling)."""

    retryable = True

    def __init__(self, provider: str, reason: str, retry_after_ms: int | None = None) -> None:
        super().__init__(provider, reason)
        self.retry_after_ms = retry_after_ms


class ProviderProtocolError(ProviderError):
    """The provider answered something its documentation does not allow."""

    retryable = True


class ProviderRejected(ProviderError):
    """The provider understood and refused: bad request, bad credentials, unknown model."""


class StaleOwner(PortError):
    """Another task has claimed this call; nothing more may be said or stored for it."""

    def __init__(self, call_id: str) -> None:
        super().__init__(f"another task owns call {call_id} now")
        self.call_id = call_id
