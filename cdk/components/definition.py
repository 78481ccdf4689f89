"""What a workflow's definition must have before it becomes a state machine."""

import json
import re
from collections.abc import Iterable

_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")


def placeholder_of(folder: str) -> str:
    """`assemble_recording` -> `AssembleRecordingFunctionArn`."""
    return "".join(word.capitalize() for word in folder.split("_")) + "FunctionArn"


def check_definition(name: str, text: str, given: Iterable[str]) -> None:
    """Raise `ValueError` if the definition has no time-out, or its placeholders are not exactly those `given`."""
    definition = json.loads(text)
    if "TimeoutSeconds" not in definition:
        raise ValueError(
            f"stepfunctions/{name}.asl.json has no TimeoutSeconds at its top: it could wait for ever."
        )
    found, filled = set(_PLACEHOLDER.findall(text)), set(given)
    if unknown := found - filled:
        raise ValueError(f"stepfunctions/{name}.asl.json names {sorted(unknown)}, which nobody fills.")
    if unused := filled - found:
        raise ValueError(
            f"stepfunctions/{name}.asl.json never uses {sorted(unused)}. Take them out of the stack."
        )
