"""The settings a telephony use case needs, as one value."""

from dataclasses import dataclass, field
from urllib.parse import urlencode

from switchboard.domain.tenants import DEFAULT_TENANT


@dataclass(frozen=True, slots=True)
class Line:
    """One reachable line: where its sockets and webhooks are, and who takes over.

    `stream_url` is the ws(s) address put into TwiML, `public_url` the http(s) origin without a trailing slash,
    `handover_number` E.164 or empty. The secret stays out of the repr.
    """

    stream_url: str
    public_url: str
    token_secret: str = field(repr=False)
    handover_number: str = ""
    tenant: str = DEFAULT_TENANT

    def resume_url(self, **query: int) -> str:
        """The webhook asked when a stream or a transfer has ended."""
        suffix = f"?{urlencode(query)}" if query else ""
        return f"{self.public_url}/twilio/resume{suffix}"
