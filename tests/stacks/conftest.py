"""The starter environment, synthesised once."""

from pathlib import Path

import pytest

from cdk.checks.iam_model import Model, read_model
from cdk.checks.nag import ROOT
from cdk.checks.templates import Assembly, load
from cdk.local.staleness import ensure_assembly


@pytest.fixture(scope="session")
def assembly_folder() -> Path:
    """Written anew only if a source has changed; tests/cloud applies the same."""
    return ensure_assembly(ROOT)


@pytest.fixture(scope="session")
def assembly(assembly_folder: Path) -> Assembly:
    return load(assembly_folder)


@pytest.fixture(scope="session")
def model(assembly: Assembly) -> Model:
    return read_model(assembly)
