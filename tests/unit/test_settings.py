"""Settings: all problems at once, no secret in any text, nothing started with an unsafe default."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from switchboard.settings import (
    LOCAL_TOKEN_SECRET,
    Settings,
    SettingsError,
    env_example,
    env_name,
    environment,
    load_settings,
    read_settings,
)
from switchboard.settings_problems import Severity

NAMES = [env_name(field) for field in Settings.model_fields.values()]
ACCOUNT = "AC" + "a" * 32
PUBLIC = {
    "PUBLIC_BASE_URL": "https://voice.example.com",
    "TWILIO_ACCOUNT_SID": ACCOUNT,
    "TWILIO_AUTH_TOKEN": "token-of-twilio",
    "SWITCHBOARD_STREAM_TOKEN_SECRET": "s" * 32,
    "SWITCHBOARD_ASR": "deepgram,transcribe",
    "SWITCHBOARD_LLM": "anthropic, bedrock",
    "SWITCHBOARD_TTS": "elevenlabs,polly,deepgram,embedded",
    "DEEPGRAM_API_KEY": "key-of-deepgram",
    "ANTHROPIC_API_KEY": "key-of-anthropic",
    "ELEVENLABS_API_KEY": "key-of-elevenlabs",
    "AWS_REGION": "eu-west-1",
    "BEDROCK_MODEL_ID": "model",
    "SWITCHBOARD_HANDOVER_NUMBER": "+14155550123",
}


def found(environ: dict[str, str], severity: Severity = Severity.FAILURE) -> set[str]:
    return {each.setting for each in read_settings(environ).problems if each.severity is severity}


def without(*names: str, **changed: str) -> dict[str, str]:
    return {name: value for name, value in {**PUBLIC, **changed}.items() if name not in names}


def test_nothing_set():
    """An empty environment is a complete local configuration."""
    reading = read_settings({})
    settings = reading.settings
    assert reading.problems == ()
    assert settings.is_local
    assert settings.web_calls
    assert settings.stream_url == "ws://localhost:8080/twilio/stream"
    assert settings.token_secret.get_secret_value() == LOCAL_TOKEN_SECRET


def test_given_environment_only(monkeypatch):
    """Settings read from given values take nothing from the process's environment."""
    monkeypatch.setenv("SWITCHBOARD_PORT", "9")
    monkeypatch.setenv("SWITCHBOARD_CALLS_MAX", "many")
    assert (read_settings({}).settings.port, read_settings({}).settings.calls_max) == (8080, 100)


def test_production():
    """A complete public configuration has no problem and is read as written."""
    reading = read_settings(PUBLIC)
    settings = reading.settings
    assert reading.problems == ()
    assert settings.stream_url == "wss://voice.example.com/twilio/stream"
    assert settings.asr == ("deepgram", "transcribe")
    assert settings.llm == ("anthropic", "bedrock")
    assert not settings.web_calls
    assert SecretStr("s" * 32) == settings.token_secret


def test_everything_at_once():
    """All missing and wrong settings are told in one run, also those that only follow from wrong ones."""
    environ = {
        "PUBLIC_BASE_URL": "http://voice.example.com/path",
        "SWITCHBOARD_PORT": "http",
        "SWITCHBOARD_CALLS_MAX": "0",
        "SWITCHBOARD_DRAIN_GRACE_S": "1e9",
        "SWITCHBOARD_WEB_CALLS": "perhaps",
        "SWITCHBOARD_ASR": "deepgram,whisper",
        "SWITCHBOARD_LLM": "bedrock,bedrock",
        "SWITCHBOARD_TTS": "elevenlabs",
        "SWITCHBOARD_HANDOVER_NUMBER": "0415 555",
        "TWILIO_ACCOUNT_SID": "SKnot-an-account",
        "TWILIO_BASE_URL": "api.twilio.com",
        "ANTHROPIC_BASE_URL": "https://user:pass@api.example",
        "DEEPGRAM_BASE_URL": "ftp://api.example",
        "STREAM_URL": "wss://media.example.com/twilio/stream?token=1",
    }
    assert {
        *environ.keys() - {"SWITCHBOARD_TTS"},
        "TWILIO_AUTH_TOKEN",
        "SWITCHBOARD_STREAM_TOKEN_SECRET",
        "DEEPGRAM_API_KEY",
        "ELEVENLABS_API_KEY",
        "BEDROCK_MODEL_ID",
        "AWS_REGION",
    } == found(environ)


def test_each_problem_is_complete():
    """Each problem says what, why and what to do, and stands once per setting."""
    problems = read_settings(
        {"PUBLIC_BASE_URL": "x", "SWITCHBOARD_TTS": "polly", "TWILIO_ACCOUNT_SID": ACCOUNT}
    ).problems
    assert len(problems) == len({each.setting for each in problems})
    assert all(each.what and each.why and each.fix for each in problems)


def test_load_settings_lists_all():
    """An entrypoint refuses to start with one message that lists every failure and what to do."""
    with pytest.raises(SettingsError) as caught:
        load_settings(
            {"SWITCHBOARD_LLM": "anthropic", "SWITCHBOARD_TTS": "deepgram", "SWITCHBOARD_TYPO": "1"}
        )
    assert {"ANTHROPIC_API_KEY", "DEEPGRAM_API_KEY"} == {each.setting for each in caught.value.problems}
    for name in ("ANTHROPIC_API_KEY: is missing. Set it", "DEEPGRAM_API_KEY: is missing. Set it"):
        assert name in str(caught.value)


def test_load_settings_lives_with_warnings():
    """A warning does not keep an entrypoint from starting."""
    assert load_settings({"SWITCHBOARD_TYPO": "1"}).is_local


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        (without("TWILIO_AUTH_TOKEN"), "TWILIO_AUTH_TOKEN"),
        ({"TWILIO_ACCOUNT_SID": ACCOUNT}, "TWILIO_AUTH_TOKEN"),
        (without("SWITCHBOARD_STREAM_TOKEN_SECRET"), "SWITCHBOARD_STREAM_TOKEN_SECRET"),
        (without(SWITCHBOARD_STREAM_TOKEN_SECRET=LOCAL_TOKEN_SECRET), "SWITCHBOARD_STREAM_TOKEN_SECRET"),
        (without(SWITCHBOARD_STREAM_TOKEN_SECRET="s" * 31), "SWITCHBOARD_STREAM_TOKEN_SECRET"),
        (without(PUBLIC_BASE_URL="http://voice.example.com"), "PUBLIC_BASE_URL"),
        (without(PUBLIC_BASE_URL="https://voice.example.com:8443"), "PUBLIC_BASE_URL"),
        (without(PUBLIC_BASE_URL="https://voice.example.com:x"), "PUBLIC_BASE_URL"),
        (without(STREAM_URL="ws://voice.example.com/twilio/stream"), "STREAM_URL"),
        (without(STREAM_URL="wss://voice.example.com:8443/twilio/stream"), "STREAM_URL"),
        (without("DEEPGRAM_API_KEY"), "DEEPGRAM_API_KEY"),
        (without("ANTHROPIC_API_KEY"), "ANTHROPIC_API_KEY"),
        (without("ELEVENLABS_API_KEY"), "ELEVENLABS_API_KEY"),
        (without("AWS_REGION"), "AWS_REGION"),
        (without("BEDROCK_MODEL_ID"), "BEDROCK_MODEL_ID"),
        (without(SWITCHBOARD_HANDOVER_NUMBER="4155550123"), "SWITCHBOARD_HANDOVER_NUMBER"),
        (without(SWITCHBOARD_PORT="70000"), "SWITCHBOARD_PORT"),
    ],
)
def test_one_failure(environ, expected):
    """Each of these alone keeps the platform from starting, and is the only thing told."""
    assert {expected} == found(environ)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        (without("TWILIO_ACCOUNT_SID"), "TWILIO_ACCOUNT_SID"),
        (without(PUBLIC_BASE_URL="https://10.0.0.5"), "PUBLIC_BASE_URL"),
        (without(PUBLIC_BASE_URL="http://localhost:8080"), "PUBLIC_BASE_URL"),
        (without(SWITCHBOARD_WEB_CALLS="true"), "SWITCHBOARD_WEB_CALLS"),
        (without(SWITCHBOARD_ASR="embedded"), "SWITCHBOARD_ASR"),
        ({"SWITCHBOARD_HOST": "0.0.0.0"}, "SWITCHBOARD_STREAM_TOKEN_SECRET"),
        ({"SWITCHBOARD_TTTS": "polly"}, "SWITCHBOARD_TTTS"),
    ],
)
def test_one_warning(environ, expected):
    """Each of these alone is a warning, and the only thing told."""
    assert ({expected}, set()) == (found(environ, Severity.WARNING), found(environ))


def test_typing_error_is_explained():
    """A misspelt setting is answered with the one that was probably meant."""
    (problem,) = read_settings({"SWITCHBOARD_TTTS": "polly"}).problems
    assert problem.fix == "Did you mean SWITCHBOARD_TTS?"


@pytest.mark.parametrize(
    "url", ["http://localhost", "http://127.0.0.1:1", "http://[::1]:8080", "http://a.localhost"]
)
def test_loopback_addresses(url):
    """Every way to write this machine is local."""
    assert read_settings({"PUBLIC_BASE_URL": url}).settings.is_local


@pytest.mark.parametrize(
    "url", ["https://localhost.example.com", "https://127.0.0.1.example.com", "https://0.0.0.0"]
)
def test_not_loopback(url):
    """What only looks like this machine is not local."""
    assert not read_settings(without(PUBLIC_BASE_URL=url)).settings.is_local


def test_trailing_slash():
    """A trailing slash does not double in the addresses made from it."""
    settings = read_settings(without(PUBLIC_BASE_URL="https://voice.example.com/")).settings
    assert settings.public_base_url == "https://voice.example.com"
    assert settings.stream_url == "wss://voice.example.com/twilio/stream"


def test_deepgram_by_either_scheme():
    """Deepgram's address may be given for its REST or its socket side."""
    for url in ("http://127.0.0.1:1", "ws://127.0.0.1:1", "wss://a.example/x"):
        assert read_settings({"DEEPGRAM_BASE_URL": url}).problems == ()


def test_blank_is_unset():
    """A blank value is an unset one, as container platforms send them."""
    assert read_settings({}).settings == read_settings(dict.fromkeys(NAMES, " ")).settings


@given(st.dictionaries(st.sampled_from(NAMES), st.text(st.characters(exclude_categories=["Cs"])), max_size=8))
def test_never_raises(environ):
    """Whatever stands in the environment, reading it ends with settings and a list of problems."""
    reading = read_settings(environ)
    assert isinstance(reading.settings, Settings)


@pytest.mark.parametrize("name", NAMES)
def test_values_stay_out_of_texts(name):
    """No problem repeats the value that caused it, and no repr shows a secret."""
    value = "Tr0ub4dor&3"
    reading = read_settings(without(**{name: value}))
    assert value not in repr(reading.problems)
    secrets = {each for each, field in Settings.model_fields.items() if field.annotation is SecretStr}
    if name in {env_name(Settings.model_fields[each]) for each in secrets}:
        assert value not in repr(reading)


def test_secrets_are_secret():
    """Every setting that sounds like a secret is held as one."""
    for name, field in Settings.model_fields.items():
        if any(word in env_name(field) for word in ("KEY", "SECRET", "TOKEN")) and name != "secrets_id":
            assert SecretStr is field.annotation, name


def test_frozen():
    """Settings cannot be changed after reading."""
    with pytest.raises(ValueError, match="frozen"):
        read_settings({}).settings.port = 1


def test_env_file_yields_to_environment(tmp_path, monkeypatch):
    """`.env` in the working directory is read, and the process's environment wins over it."""
    (tmp_path / ".env").write_text("SWITCHBOARD_PORT=1\nSWITCHBOARD_CALLS_MAX=7\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SWITCHBOARD_PORT", "2")
    settings = read_settings(environment()).settings
    assert (settings.port, settings.calls_max) == (2, 7)


def test_example_is_the_default():
    """`.env.example` names every setting once, with the value it has anyway."""
    assignments = dict(
        line.removeprefix("#").split("=", 1)
        for line in env_example().splitlines()
        if "=" in line and not line.startswith("# ")
    )
    assert list(assignments) == NAMES
    reading = read_settings(assignments)
    assert (read_settings({}).settings, ()) == (reading.settings, reading.problems)


def test_import_reads_nothing():
    """Importing the module reads no environment and no file."""
    code = "import os; os.environ['SWITCHBOARD_PORT'] = 'x'; import switchboard.settings"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
