"""`local_cloud`: the real templates, functions and workflows; `small_cloud`: a template made for the tests of the cloud itself."""

from collections.abc import Iterator

import pytest

from tests.cloud.local_cloud import LocalCloud, running_cloud
from tests.cloud.small_stack import write_assembly


@pytest.fixture(scope="session")
def local_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """The platform's own templates, applied once for all tests: use keys of your own (a tenant per test)."""
    with running_cloud(tmp_path_factory.mktemp("local-cloud")) as cloud:
        yield cloud


@pytest.fixture(scope="session")
def small_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """One function that does what its event says, between queues, a stream, rules, a workflow and a delivery stream."""
    folder = tmp_path_factory.mktemp("small-cloud")
    write_assembly(folder / "cdk.out")
    with running_cloud(folder / "logs", assembly=folder / "cdk.out") as cloud:
        yield cloud
