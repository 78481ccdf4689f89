"""Call events from the queue: each call that has ended gets its one post-call workflow.

A batch fails in parts: only the messages named in the answer come back (law W6). One that cannot be read, or keeps
failing, ends in the dead-letter queue; sending it from there again is safe.
"""

from typing import Any

import structlog
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from mangum.types import LambdaContext

from switchboard.adapters.aws.call_events import ended_call
from switchboard.adapters.aws.workflow_steps import process
from switchboard.services.start_post_call import start_post_call

log = structlog.get_logger()


def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Answer one batch of SQS messages."""
    _ = context
    # A batch in which everything failed is an answer as well; the exception would say no more.
    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    return process_partial_response(event, _start, processor)


def _start(record: SQSRecord) -> None:
    subject = ended_call(record.body)
    if subject is None:
        return
    is_new = process.run(start_post_call(subject, workflows=process.tools.workflows))
    log.info(
        "post-call workflow",
        tenant=subject.tenant,
        call_id=subject.id,
        outcome="started" if is_new else "known",
    )
