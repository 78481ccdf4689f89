"""What Deepgram's own error messages mean.

HTTP statuses and close codes are mapped by `adapters.sockets` and `adapters.inline_socket`. Source:
developers.deepgram.com, "Errors" and "Recovering From Connection Errors & Timeouts When Live Streaming".
"""

from switchboard.ports.errors import ProviderError, ProviderRejected, ProviderUnavailable


def error_of_message(provider: str, code: str) -> ProviderError:
    """The error for a message of type `Error`; `code` is the vendor's, such as DATA-0000 or NET-0001.

    DATA codes blame our audio or its declared encoding; everything else is the network or the service. The
    message's description stays out: it may quote what we sent.
    """
    if code.startswith("DATA"):
        return ProviderRejected(provider, f"refused our audio ({code})")
    return ProviderUnavailable(provider, f"reported an error ({code or 'without a code'})")
