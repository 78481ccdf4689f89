"""The interface between the applier and the modules that make one type of resource each."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cdk.local.deployment import Deployment

ACCOUNT = "123456789012"
"""The account that moto plays."""


@dataclass(frozen=True, slots=True)
class Made:
    """What the rest of the template may ask of a resource: its Ref and its attributes."""

    ref: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource to make: its resolved properties and the means to make it real.

    `client(service)` is an ordinary boto3 client on moto; `assets` are the stack's files by object key;
    what moto does not run goes to `deployment`. `code_root` is the repository.
    """

    stack: str
    logical_id: str
    type: str
    properties: Mapping[str, Any]
    region: str
    client: Callable[[str], Any]
    assets: Mapping[str, Path]
    deployment: Deployment
    code_root: Path

    def __getitem__(self, name: str) -> Any:
        """A property that every template of ours has; a missing one is an error of the template."""
        if name not in self.properties:
            raise KeyError(f"{self.type} {self.logical_id} has no {name}")
        return self.properties[name]

    def get(self, name: str, default: Any = None) -> Any:
        """A property, or `default`."""
        return self.properties.get(name, default)

    def only(self, *names: str) -> dict[str, Any]:
        """Those of the named properties that are given: for calls whose parameters have the same names."""
        return {name: self.properties[name] for name in names if name in self.properties}

    def name(self, property_name: str, *, length_max: int = 64) -> str:
        """The given physical name, or the one CloudFormation would make: from stack and logical id."""
        given = self.properties.get(property_name)
        if given:
            return str(given)
        full = f"{self.stack}-{self.logical_id}"
        # The logical id ends in a hash of its path, so that the end tells resources apart.
        return full if len(full) <= length_max else f"{full[: length_max - 33]}-{full[-32:]}"

    def arn(self, service: str, rest: str) -> str:
        """An ARN in the local account."""
        return f"arn:aws:{service}:{self.region}:{ACCOUNT}:{rest}"


Maker = Callable[[Resource], Made]


def document(value: Any) -> str:
    """A policy or definition as the APIs take it: JSON text."""
    return value if isinstance(value, str) else json.dumps(value)


def tags(resource: Resource) -> list[dict[str, str]]:
    """The resource's tags as a list of Key and Value."""
    given = resource.get("Tags", [])
    if isinstance(given, Mapping):
        return [{"Key": key, "Value": str(value)} for key, value in given.items()]
    return [{"Key": each["Key"], "Value": str(each["Value"])} for each in given]
