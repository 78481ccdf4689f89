"""`switchboard classify`: what callers want, one JSON line in, one JSON line out.

The models that SWITCHBOARD_LLM names are asked, with the rules as safety net; with the embedded model alone the rules answer.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import BinaryIO, Final, TextIO

import msgspec
from msgspec import Struct

from switchboard.adapters.anthropic.language_model import AnthropicLanguageModel
from switchboard.adapters.aws.bedrock_language_model import BedrockLanguageModel
from switchboard.adapters.embedded.intent_classifier import EmbeddedIntentClassifier
from switchboard.adapters.failover.intent_classifier import FailoverIntentClassifier
from switchboard.adapters.failover.providers import SwitchCallback
from switchboard.adapters.intent_by_model import DEADLINE_MS, ModelIntentClassifier
from switchboard.domain.understanding import Entities, Intent, Sentiment
from switchboard.ports.intent_classifier import IntentClassifier
from switchboard.ports.language_model import LanguageModel
from switchboard.settings import Settings

LINE_BYTES_MAX: Final = 65_536
CLASSIFICATIONS_AT_ONCE_MAX: Final = 4
CONFIDENCE_DIGITS: Final = 2


class Line(Struct, frozen=True):
    """One line of input; other keys are ignored."""

    text: str


class Answer(Struct, frozen=True):
    """One line of output."""

    intent: Intent
    confidence: float
    sentiment: Sentiment
    entities: Entities
    needs: tuple[Intent, ...]


async def run_classify(classifier: IntentClassifier, *, lines: BinaryIO, out: TextIO, errors: TextIO) -> int:
    """Answer every line in order; a bad one gets a line on `errors` and costs the exit code. Returns 0 or 1."""
    code = 0
    number = 0
    while raw := lines.readline(LINE_BYTES_MAX + 1):
        number += 1
        if not raw.strip():
            continue
        problem, text = _read(raw)
        if len(raw) > LINE_BYTES_MAX:
            problem = f"is longer than {LINE_BYTES_MAX} bytes. Classify one utterance per line"
            _skip_rest(raw, lines)
        if problem:
            print(f"line {number} {problem}.", file=errors)
            code = 1
            continue
        known = await classifier.classify(text)
        answer = Answer(
            known.intent,
            round(known.confidence, CONFIDENCE_DIGITS),
            known.sentiment,
            known.entities,
            known.needs,
        )
        print(msgspec.json.encode(answer).decode(), file=out, flush=True)
    return code


def _read(raw: bytes) -> tuple[str, str]:
    """The problem with a line, or else its text."""
    try:
        return "", msgspec.json.decode(raw, type=Line).text
    except msgspec.ValidationError as error:
        reason = str(error).partition(" - ")[0].replace("`", "")
        return (
            f'is not what is expected: {reason}. Write an object such as {{"text": "my bill is wrong"}}',
            "",
        )
    except (msgspec.DecodeError, UnicodeDecodeError):
        return 'is not JSON in UTF-8. Write one object per line, such as {"text": "my bill is wrong"}', ""


def _skip_rest(raw: bytes, lines: BinaryIO) -> None:
    while raw and not raw.endswith(b"\n"):
        raw = lines.readline(LINE_BYTES_MAX)


@asynccontextmanager
async def classifier_of(
    settings: Settings, on_switch: SwitchCallback | None = None
) -> AsyncIterator[IntentClassifier]:
    """The classifier that the settings describe. `on_switch` is told whenever the rules stand in for a model."""
    rules = EmbeddedIntentClassifier()
    models = [ModelIntentClassifier(model) for name in settings.llm if (model := _model(name, settings))]
    if not models:
        yield rules
        return
    budgets = [(model, DEADLINE_MS) for model in models]
    async with FailoverIntentClassifier(budgets, rules, on_switch=on_switch) as classifier:
        yield classifier


def _model(name: str, settings: Settings) -> LanguageModel | None:
    match name:
        case "anthropic":
            return AnthropicLanguageModel(
                api_key=settings.anthropic_api_key.get_secret_value(),
                base_url=settings.anthropic_base_url,
                model=settings.anthropic_model,
            )
        case "bedrock":
            return BedrockLanguageModel(
                region=settings.aws_region,
                model=settings.bedrock_model_id,
                endpoint_url=settings.aws_endpoint_url or None,
                generations_max=CLASSIFICATIONS_AT_ONCE_MAX,
            )
        case _:
            return None
