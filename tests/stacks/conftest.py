"""The starter environment, synthesised once."""

from pathlib import Path

import pytest

from cdk.checks.iam_model import Model, read_model
from cdk.checks.nag import synthesise
from cdk.checks.templates import Assembly


@pytest.fixture(scope="session")
def assembly_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("assembly") / "cdk.out"


@pytest.fixture(scope="session")
def assembly(assembly_folder: Path) -> Assembly:
    return synthesise("starter", assembly_folder, nag=False)


@pytest.fixture(scope="session")
def model(assembly: Assembly) -> Model:
    return read_model(assembly)
