"""Tell the platform what came of a call, a voicemail or a callback."""

from msgspec import Struct

from switchboard.domain.call_analysis import CallAnalysis
from switchboard.domain.facts import CallAnalysed, CallbackClosed, VoicemailFiled
from switchboard.domain.subjects import Subject
from switchboard.ports.call_records import CallRecords
from switchboard.ports.fact_log import FactLog
from switchboard.services.stored import create, existing
from switchboard.services.take_voicemail import VoicemailRecord
from switchboard.services.write_crm_note import CallbackRecord

OutcomeFact = CallAnalysed | CallbackClosed | VoicemailFiled


class ToldRecord(Struct, frozen=True):
    """The fact as it was first told: told again, it is the same."""

    fact: OutcomeFact


async def tell_outcome(subject: Subject, *, facts: FactLog, records: CallRecords, now_ms: int) -> None:
    """Append the subject's one fact, made of its stored records. Raises `ProviderError`."""
    fact = await _fact(subject, records, now_ms)
    told = await create(records, subject, "fact", ToldRecord(fact))
    await facts.append(told.fact)


async def _fact(subject: Subject, records: CallRecords, now_ms: int) -> OutcomeFact:
    fact_id = f"{subject.kind}.{subject.id}.outcome"
    match subject.kind:
        case "call":
            analysis = await existing(records, subject, "analysis", CallAnalysis)
            return CallAnalysed(
                id=fact_id,
                tenant=subject.tenant,
                at_ms=now_ms,
                call_id=subject.id,
                disposition=analysis.findings.disposition,
                sentiment=analysis.findings.sentiment,
                qa_score=analysis.qa_score,
                analyst=analysis.analyst,
            )
        case "voicemail":
            voicemail = await existing(records, subject, "voicemail", VoicemailRecord)
            return VoicemailFiled(
                id=fact_id,
                tenant=subject.tenant,
                at_ms=now_ms,
                voicemail_id=subject.id,
                call_id=voicemail.call_id,
                duration_ms=voicemail.duration_ms,
                callback_id=voicemail.callback_id,
            )
        case "callback":
            closed = await existing(records, subject, "outcome", CallbackRecord)
            return CallbackClosed(
                id=fact_id,
                tenant=subject.tenant,
                at_ms=now_ms,
                callback_id=subject.id,
                outcome=closed.outcome,
                attempts=closed.attempts,
            )
