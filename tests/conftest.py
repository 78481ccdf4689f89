"""What tests of many folders share."""

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    # Imported here: it takes a second, which tests without AWS need not spend.
    from tests.fakes.aws_server import moto_server

    with moto_server() as url:
        yield url


@pytest.fixture
def aws_url(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of AWS on loopback, with credentials for it in the environment. Name what you make uniquely."""
    aws_environment(monkeypatch)
    return moto_url


@pytest.fixture
def aws_environment_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials, and nothing that would lead a client to a real account."""
    aws_environment(monkeypatch)


def aws_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
