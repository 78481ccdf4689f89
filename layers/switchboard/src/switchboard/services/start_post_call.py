"""Start what follows a finished call."""

from switchboard.domain.subjects import Subject
from switchboard.ports.workflows import Workflow, Workflows


async def start_post_call(subject: Subject, *, workflows: Workflows) -> bool:
    """Start the call's post-call workflow; false where it has been started before. Raises `ProviderError`.

    One execution per call, whatever the queue repeats: its name is derived from tenant and call.
    """
    assert subject.kind == "call", "only calls are followed up so"
    return await workflows.start(Workflow.POST_CALL, subject)
