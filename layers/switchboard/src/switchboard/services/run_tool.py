"""Run one tool call of a model: the only way from a model's words to a tool."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from referencing import Registry

from switchboard.domain.messages import JsonObject, ToolCall, ToolResult
from switchboard.ports.errors import StaleOwner
from switchboard.ports.tools import Toolbox

RESULT_SIZE_BYTES_MAX: Final = 8_192
"""Of one result's UTF-8 text: some 2,000 tokens, which every later turn of the call pays for again."""

PROBLEMS_NAMED_MAX: Final = 5
"""Of one call's arguments; a model repairs the first few and the rest with them."""

FAILED: Final = (
    "The tool failed. Do not guess its result; tell the caller that it is not available right now."
)

_NO_REMOTE_SCHEMAS: Final[Registry[Any]] = Registry()


async def run_tool(
    call: ToolCall, *, toolbox: Toolbox, call_id: str, report_failure: Callable[[ToolCall, Exception], None]
) -> ToolResult:
    """Check `call` and run it; whatever goes wrong comes back as a result that the model can act on.

    A tool that this agent does not have and arguments that its schema refuses are answered without running anything. An
    exception becomes a neutral text, as its own may hold personal data; `report_failure` gets it for logs and metrics.
    `StaleOwner` rises: whoever lost the call must not go on. The time-out belongs to the driver, which cancels this
    coroutine; for a tool with effects it lets the tool end and tells the caller the truth, that the outcome is unknown.
    """
    spec = next((spec for spec in toolbox.specs if spec.name == call.name), None)
    if spec is None:
        names = ", ".join(sorted(spec.name for spec in toolbox.specs)) or "none"
        return ToolResult(call.id, f"There is no such tool. Available tools: {names}.", is_error=True)
    try:
        if problems := _problems(call.arguments, spec.parameters):
            return ToolResult(call.id, f"Not run. Correct the arguments: {problems}.", is_error=True)
        result = await toolbox.run(call, call_id=call_id)
    except StaleOwner:
        raise
    except Exception as error:  # noqa: BLE001 - any failure of a tool must leave the conversation able to go on
        report_failure(call, error)
        return ToolResult(call.id, FAILED, is_error=True)
    return ToolResult(call.id, _bounded(result.content), result.is_error)


def _problems(arguments: JsonObject, schema: JsonObject) -> str:
    """Name the fields that do not fit, without repeating their values; empty when all fit."""
    # The registry keeps a schema's `$ref` from being fetched over the network.
    validator = Draft202012Validator(schema, registry=_NO_REMOTE_SCHEMAS)
    errors = sorted(validator.iter_errors(arguments), key=lambda error: [str(part) for part in error.path])
    return "; ".join(_problem(error, schema) for error in errors[:PROBLEMS_NAMED_MAX])


def _problem(error: ValidationError, schema: JsonObject) -> str:
    field = ".".join(str(part) for part in error.absolute_path) or "the arguments"
    rule: Any = error.validator_value
    present: Any = error.instance
    match error.validator:
        case "required":
            missing = sorted(set(rule) - set(present))
            return f"{field} must have {_listed(missing)}"
        case "additionalProperties":
            known = sorted(schema.get("properties", {})) if not error.absolute_path else []
            return (
                f"{field} must have no other fields than {_listed(known)}"
                if known
                else f"{field} has unknown fields"
            )
        case "enum":
            return f"{field} must be one of {_listed(rule)}"
        case "type":
            return f"{field} must be of type {rule}"
        case "pattern":
            return f"{field} must match {rule}"
        case _:
            return f"{field} must satisfy {error.validator}: {rule}"


def _listed(values: Iterable[object]) -> str:
    return ", ".join(str(value) for value in values)


def _bounded(content: str) -> str:
    size_bytes = len(encoded := content.encode())
    if size_bytes <= RESULT_SIZE_BYTES_MAX:
        return content
    note = f"\n[cut short: the whole result has {size_bytes} bytes]"
    kept = encoded[: RESULT_SIZE_BYTES_MAX - len(note.encode())].decode(errors="ignore")
    return kept + note
