"""HTTP statuses as our errors; apart from sockets, so that whoever needs no socket needs no socket library."""

from http import HTTPStatus

from switchboard.ports.errors import (
    ProviderError,
    ProviderOverloaded,
    ProviderProtocolError,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)

SITE_OVERLOADED = 529
"""Not in RFC 9110, but several vendors send it for "overloaded"."""


def error_of_status(provider: str, status: int, *, retry_after: str | None = None) -> ProviderError:
    """The error for an HTTP status that should have been a success."""
    reason = f"answered HTTP {status}"
    if status in {HTTPStatus.TOO_MANY_REQUESTS, SITE_OVERLOADED}:
        return ProviderOverloaded(provider, reason, retry_after_ms=_milliseconds(retry_after))
    if status in {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.GATEWAY_TIMEOUT}:
        return ProviderTimeout(provider, reason)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ProviderUnavailable(provider, reason)
    if status >= HTTPStatus.BAD_REQUEST:
        return ProviderRejected(provider, reason)
    return ProviderProtocolError(provider, reason)


def _milliseconds(retry_after: str | None) -> int | None:
    # The header may also be a date; that form is not worth a clock.
    return int(retry_after) * 1000 if retry_after is not None and retry_after.isdecimal() else None
