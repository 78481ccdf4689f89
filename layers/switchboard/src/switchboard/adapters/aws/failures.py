"""AWS's errors as ours, mapped once: what an SDK can raise becomes a `ProviderError` without its text, which may quote the request."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ReadTimeoutError,
)
from botocore.parsers import ResponseParserError

from switchboard.adapters.http_status import error_of_status
from switchboard.ports.errors import (
    ProviderError,
    ProviderOverloaded,
    ProviderProtocolError,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)

THROTTLED = frozenset(
    """
    LimitExceededException OverLimit ProvisionedThroughputExceededException RequestLimitExceeded RequestThrottled
    SlowDown Throttling ThrottledException ThrottlingException TooManyRequestsException TransactionConflictException
    """.split()
)
"""Codes by which AWS's services refuse for load or quota, most of them with HTTP 400 (SDKs' own list: botocore `_retry.json`)."""


@contextmanager
def aws_failures(provider: str) -> Iterator[None]:
    """Turn what a boto3 client raises inside the block into a `ProviderError`."""
    try:
        yield
    except ClientError as refused:
        raise _error_of(provider, refused) from None
    except (ConnectTimeoutError, ReadTimeoutError):
        raise ProviderTimeout(provider, "the connection stalled") from None
    except (NoCredentialsError, PartialCredentialsError):
        raise ProviderRejected(provider, "there are no credentials") from None
    except ParamValidationError:
        raise ProviderRejected(provider, "the request was malformed") from None
    except ResponseParserError:
        raise ProviderProtocolError(provider, "sent an unreadable answer") from None
    except BotoCoreError:
        raise ProviderUnavailable(provider, "the connection failed") from None


def code_of(refused: ClientError) -> str:
    """AWS's name of the error."""
    return str(refused.response.get("Error", {}).get("Code", ""))


def _error_of(provider: str, refused: ClientError) -> ProviderError:
    code = code_of(refused)
    if code in THROTTLED:
        return ProviderOverloaded(provider, f"answered {code}")
    metadata = refused.response.get("ResponseMetadata", {})
    if metadata.get("HTTPStatusCode") in {400, 403, 404} and code.isalnum():
        return ProviderRejected(provider, f"answered {code}")
    retry_after = metadata.get("HTTPHeaders", {}).get("retry-after")
    return error_of_status(provider, metadata.get("HTTPStatusCode", 500), retry_after=retry_after)
