"""Asks an IAM simulator what roles may do: the Python side of `iam_evaluate.mjs`."""

import json
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cdk.checks.templates import ACCOUNT

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "cdk" / "checks" / "iam_evaluate.mjs"
NODE = ROOT / "cdk" / "node_modules" / "node" / "bin" / "node"
TIMEOUT_S = 300


class NotEvaluatedError(Exception):
    """The simulator could not be asked, or refuses a policy; the message says which."""


@dataclass(frozen=True, slots=True)
class Principal:
    """A role of the templates with everything its policies say, and the sessions to try."""

    name: str
    arn: str
    policies: tuple[Any, ...]
    sessions: tuple[tuple[str, Mapping[str, Any]], ...]
    context: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Target:
    """A resource in one situation: `rows of globex` of a table, with the context such a request carries."""

    name: str
    arn: str
    service: str
    kind: str
    context: Mapping[str, Any]
    policy: Any = None
    actions: list[str] | None = None
    account: str = ACCOUNT


@dataclass(frozen=True, slots=True)
class Allowed:
    """Something that the simulator allowed."""

    principal: str
    session: str
    target: str
    action: str

    def __str__(self) -> str:
        """One line for people."""
        return f"{self.principal} ({self.session}) may {self.action} on {self.target}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many requests were evaluated for each principal and service, and all that were allowed."""

    evaluated: Mapping[str, Mapping[str, int]]
    allowed: tuple[Allowed, ...]


def evaluate(principals: Iterable[Principal], targets: Iterable[Target]) -> Outcome:
    """Try every action of every target in every session of every principal.

    Raises `NotEvaluatedError` for a policy that is not valid, or if some target had no action to try.
    """
    request = {
        "principals": [
            {
                "name": each.name,
                "arn": each.arn,
                "policies": each.policies,
                "sessions": [{"name": name, "context": context} for name, context in each.sessions],
                "context": each.context,
            }
            for each in principals
        ],
        "targets": [
            {
                "name": each.name,
                "arn": each.arn,
                "account": each.account,
                "service": each.service,
                "kind": each.kind,
                "context": each.context,
                "policy": each.policy,
                "actions": each.actions,
            }
            for each in targets
        ],
    }
    ran = subprocess.run(  # noqa: S603 - our own script, our own JSON
        [str(NODE), str(SCRIPT)],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_S,
    )
    if ran.returncode:
        raise NotEvaluatedError(f"{SCRIPT.name} failed: {ran.stderr.strip()[-2000:]}")
    answer = json.loads(ran.stdout)
    if answer["errors"]:
        raise NotEvaluatedError("The simulator refuses policies: " + "; ".join(answer["errors"]))
    if not answer["evaluated"] or not all(answer["actions"].values()):
        raise NotEvaluatedError(f"Nothing was evaluated for some targets: {answer['actions']}")
    return Outcome(answer["evaluated"], tuple(Allowed(*each) for each in answer["allowed"]))
