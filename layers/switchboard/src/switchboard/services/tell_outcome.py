"""Tell the platform what came of a call, a voicemail or a callback."""

from msgspec import Struct

from switchboard.domain.call_analysis import CallAnalysis
from switchboard.domain.facts.after_call import AfterCallFact, CallAnalysed, CallbackClosed, VoicemailFiled
from switchboard.domain.subjects import Subject
from switchboard.ports.call_records import CallRecords
from switchboard.ports.fact_log import FactLog
from switchboard.services.stored import create, existing
from switchboard.services.take_voicemail import VoicemailRecord
from switchboard.services.write_crm_note import CallbackRecord


class ToldRecord(Struct, frozen=True):
    """The fact as it was first told: told again, it is the same."""

    fact: AfterCallFact


async def tell_outcome(subject: Subject, *, facts: FactLog, records: CallRecords, now_ms: int) -> None:
    """Append the subject's one fact, made of its stored records. Raises `ProviderError`."""
    fact = await _fact(subject, records, now_ms)
    told = await create(records, subject, "fact", ToldRecord(fact))
    await facts.append(told.fact)


async def _fact(subject: Subject, records: CallRecords, now_ms: int) -> AfterCallFact:
    match subject.kind:
        case "call":
            analysis = await existing(records, subject, "analysis", CallAnalysis)
            return CallAnalysed(
                subject.tenant,
                subject.id,
                now_ms,
                analysis.findings.disposition,
                analysis.findings.sentiment,
                analysis.qa_score,
                analysis.analyst,
            )
        case "voicemail":
            voicemail = await existing(records, subject, "voicemail", VoicemailRecord)
            return VoicemailFiled(
                subject.tenant,
                subject.id,
                voicemail.call_id,
                now_ms,
                voicemail.duration_ms,
                voicemail.callback_id,
            )
        case "callback":
            closed = await existing(records, subject, "outcome", CallbackRecord)
            return CallbackClosed(subject.tenant, subject.id, now_ms, closed.outcome, closed.attempts)
