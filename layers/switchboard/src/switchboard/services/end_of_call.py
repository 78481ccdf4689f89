"""Tell that a call is over, where its conversation did not end it: the caller left on the way, or after a transfer."""

from switchboard.domain.call_progress import CallStatus
from switchboard.domain.calls import CallKey, Disposition, NextStep
from switchboard.domain.facts import CallEnded
from switchboard.ports.checkpoints import CheckpointStore


async def end_of_call(
    key: CallKey, *, status: str, checkpoints: CheckpointStore, now_ms: int
) -> CallEnded | None:
    """The fact, when the carrier reports a final `status` of a call whose end no gateway has told; else None.

    A call without a checkpoint never reached a conversation, or had one whose gateway tells its end. Raises `ProviderError`.
    """
    if not CallStatus(status).is_final:
        return None
    checkpoint = await checkpoints.load(key)
    if checkpoint is None or checkpoint.disposition is not None:
        return None
    if checkpoint.next_step is NextStep.TRANSFER:
        disposition = Disposition.TRANSFERRED
    elif status == CallStatus.COMPLETED:
        disposition = Disposition.CALLER_HUNG_UP
    else:
        disposition = Disposition.FAILED
    return CallEnded(
        id=f"{key.call_id}-end",
        tenant=key.tenant,
        at_ms=now_ms,
        call_id=key.call_id,
        disposition=disposition,
    )
