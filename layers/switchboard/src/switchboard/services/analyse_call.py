"""Conclude what a finished call was about: by a model where there is one, by rules where it fails."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from msgspec.structs import replace

from switchboard.domain.call_analysis import (
    FINDINGS_TOOL,
    INSTRUCTIONS,
    CallAnalysis,
    Findings,
    MalformedFindings,
    conclude,
    judge_by_rules,
    parse_findings,
    transcript_text,
)
from switchboard.domain.messages import Message, ToolCall, ToolResult
from switchboard.domain.redaction import redact_text
from switchboard.domain.subjects import Subject
from switchboard.domain.transcripts import Transcript
from switchboard.ports.call_records import CallRecords
from switchboard.ports.errors import ProviderError, ProviderProtocolError
from switchboard.ports.language_model import GenerationItem, GenerationRequest, LanguageModel
from switchboard.ports.recordings import RecordingArchive
from switchboard.services.redact_transcript import read_transcript
from switchboard.services.stored import create, read

TOKENS_MAX = 2000
TRIES = 2
"""The first answer, and one repair of what was malformed in it."""
TRANSCRIPT_CHARS_MAX = 200_000
"""About 50,000 tokens, some five hours of talk; a longer one is cut in the middle."""


async def analyse_call(
    subject: Subject,
    *,
    model: LanguageModel | None,
    archive: RecordingArchive,
    records: CallRecords,
    report_failure: Callable[[Exception], None],
) -> CallAnalysis:
    """Store the call's one analysis and return it. A model's failure is reported; rules then conclude.

    Models do not answer twice alike, so the first analysis that is stored is the analysis. Raises `ProviderError` of
    the stores only.
    """
    stored = await read(records, subject, "analysis", CallAnalysis)
    if stored is not None:
        return stored
    transcript = await read_transcript(subject, archive=archive)
    analysis = await conclude_call(transcript, model=model, report_failure=report_failure)
    return await create(records, subject, "analysis", analysis)


async def conclude_call(
    transcript: Transcript, *, model: LanguageModel | None, report_failure: Callable[[Exception], None]
) -> CallAnalysis:
    """Return what is concluded from the transcript. Never raises for a model's sake."""
    if model is not None and transcript.turns:
        try:
            findings = await _ask(model, transcript)
            return conclude(_masked(findings, transcript.language), analyst=model.name)
        except (ProviderError, MalformedFindings) as error:
            report_failure(error)
    return judge_by_rules(transcript, transcript.ended)


async def _ask(model: LanguageModel, transcript: Transcript) -> Findings:
    messages: list[Message] = [Message("user", _bounded(transcript_text(transcript)))]
    problem = MalformedFindings("no tool was called")
    for _ in range(TRIES):
        request = GenerationRequest(
            system=INSTRUCTIONS,
            messages=tuple(messages),
            tools=(FINDINGS_TOOL,),
            tokens_max=TOKENS_MAX,
            tool_required=FINDINGS_TOOL.name,
        )
        call = await _tool_call(model.generate(request))
        if call is None:
            messages += [Message("assistant", "..."), Message("user", "Call record_findings now.")]
            continue
        try:
            return parse_findings(call.arguments)
        except MalformedFindings as malformed:
            problem = malformed
        correction = ToolResult(
            call.id, f"Not recorded. Correct this and call again: {problem}", is_error=True
        )
        messages += [
            Message("assistant", tool_calls=(call,)),
            Message("user", tool_results=(correction,)),
        ]
    raise problem


async def _tool_call(items: AsyncGenerator[GenerationItem, None]) -> ToolCall | None:
    call = None
    async with aclosing(items):
        async for item in items:
            if isinstance(item, ToolCall) and item.name == FINDINGS_TOOL.name:
                call = call or item
    return call


def _masked(findings: Findings, language: str) -> Findings:
    """A model may put together what was masked apart; its words pass the same rules."""

    def masked(text: str) -> str:
        return redact_text(text, language=language)

    try:
        return replace(
            findings,
            summary=masked(findings.summary),
            judgements=tuple(replace(each, reason=masked(each.reason)) for each in findings.judgements),
            action_items=tuple(masked(item) for item in findings.action_items),
        )
    except Exception:  # noqa: BLE001 - a failure of masking must not let the words pass (law P7)
        raise ProviderProtocolError("redaction", "the model's words could not be masked") from None


def _bounded(text: str) -> str:
    if len(text) <= TRANSCRIPT_CHARS_MAX:
        return text
    half = TRANSCRIPT_CHARS_MAX // 2
    return f"{text[:half]}\n[...]\n{text[-half:]}"
