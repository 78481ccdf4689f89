"""What the gateway knows of one call, and what one process has for all calls."""

import asyncio
from collections.abc import Callable
from typing import Literal

from msgspec import Struct

from switchboard.conversation.policy import Policy
from switchboard.domain.calls import CallKey
from switchboard.ports.checkpoints import CheckpointStore
from switchboard.ports.event_sink import EventSink
from switchboard.ports.language_model import LanguageModel
from switchboard.ports.synthesizer import Synthesizer
from switchboard.ports.token_ledger import TokenLedger
from switchboard.ports.tools import Toolbox
from switchboard.ports.transcriber import Transcriber
from voice_gateway.phrase_cache import PhraseCache
from voice_gateway.tenant_policies import PolicySource
from voice_gateway.vad_ticker import VadTicker


class Call(Struct, frozen=True):
    """One call, as its verified token and `start` message describe it, and how it is conducted to its end (F42)."""

    call_id: str
    stream_id: str
    account_id: str
    tenant: str
    channel: Literal["phone", "web"]
    policy: Policy
    configuration: int = 0
    """The version of the tenant's configuration that `policy` was made of."""
    transfer_failed: str = ""
    """Why a transfer came back to us (the carrier's dial status), if one did."""

    @property
    def key(self) -> CallKey:
        """Under what its state is stored."""
        return CallKey(self.tenant, self.call_id)


class Platform(Struct, frozen=True):
    """Everything a call needs from its process; made once, before the first call."""

    policies: PolicySource
    transcriber: Transcriber
    language_model: LanguageModel
    synthesizer: Synthesizer
    toolbox: Toolbox
    checkpoints: CheckpointStore
    tokens: TokenLedger
    sink: EventSink
    phrases: PhraseCache
    ticker: VadTicker
    loop: asyncio.AbstractEventLoop
    wall_ms: Callable[[], int]
