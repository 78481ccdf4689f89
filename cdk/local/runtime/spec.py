"""What is known of a function: the part of `AWS::Lambda::Function` that decides how it runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionSpec:
    """A function and where its code lies. `code_root` is what Lambda would unpack to /var/task."""

    name: str
    arn: str
    handler: str
    code_root: Path
    label: str = ""
    """What people call it: its folder under lambdas/. The log file is named so."""
    environment: Mapping[str, str] = field(default_factory=dict)
    timeout_s: float = 3
    memory_mb: int = 128
    log_group: str = ""
    json_logs: bool = False
    concurrency_max: int | None = None
    """Reserved concurrency: more is throttled at once, as on AWS. None: this machine's bound, and waiting."""
    retries_max: int = 2
    """How often an asynchronous invocation that failed is tried again."""
    dead_letter_arn: str = ""
    """A queue or function that gets the event of an asynchronous invocation that failed for good."""
    on_failure_arn: str = ""
    """As `dead_letter_arn`, but wrapped in an invocation record (an on-failure destination)."""

    def asynchronous(self, *, retries_max: int, on_failure_arn: str) -> "FunctionSpec":
        """Return the function with another way of treating asynchronous events that fail."""
        return replace(self, retries_max=retries_max, on_failure_arn=on_failure_arn)


def function_name(reference: str) -> str:
    """Return the name in a function's name, partial ARN or ARN, with or without version or alias."""
    parts = reference.split(":")
    if "function" in parts:
        return parts[parts.index("function") + 1]
    return parts[0]
