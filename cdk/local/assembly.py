"""Reads a cloud assembly (`cdk synth`'s output folder): its stacks in the order in which they are deployed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any


class AssemblyError(Exception):
    """The folder holds no usable cloud assembly; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Stack:
    """One stack: its deployed name, its template, the region it names and where its assets lie."""

    name: str
    template: Mapping[str, Any]
    region: str
    assets: Mapping[str, Path]
    """By the object key under which `cdk deploy` would upload them: a folder or a file each."""


def read_assembly(folder: Path) -> Sequence[Stack]:
    """Return the stacks of `folder`, each after those it depends on. Raises `AssemblyError`."""
    manifest = folder / "manifest.json"
    if not manifest.is_file():
        raise AssemblyError(f"{folder} holds no cloud assembly (no manifest.json). Run make synth.")
    artifacts: dict[str, Any] = json.loads(manifest.read_text()).get("artifacts", {})
    stacks = {key: each for key, each in artifacts.items() if each["type"] == "aws:cloudformation:stack"}
    graph = {key: [d for d in each.get("dependencies", ()) if d in stacks] for key, each in stacks.items()}
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError as cycle:
        raise AssemblyError(f"The stacks depend on one another in a circle: {cycle.args[1]}.") from None
    return [_stack(folder, key, stacks[key]) for key in order]


def _stack(folder: Path, key: str, artifact: Mapping[str, Any]) -> Stack:
    properties = artifact["properties"]
    environment = artifact.get("environment", "aws://unknown-account/unknown-region")
    region = environment.rpartition("/")[2]
    return Stack(
        name=properties.get("stackName", key),
        template=json.loads((folder / properties["templateFile"]).read_text()),
        region="" if region == "unknown-region" else region,
        assets=_assets(folder, folder / f"{key}.assets.json"),
    )


def _assets(folder: Path, manifest: Path) -> Mapping[str, Path]:
    if not manifest.is_file():
        return {}
    files: dict[str, Any] = json.loads(manifest.read_text()).get("files", {})
    return {
        destination["objectKey"]: folder / file["source"]["path"]
        for file in files.values()
        if "path" in file["source"]
        for destination in file["destinations"].values()
    }
