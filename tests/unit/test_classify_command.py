"""`switchboard classify`: every good line is answered, every bad one is told."""

import io
import json

import pytest
from typer.testing import CliRunner

from switchboard.cli import __main__ as command_line
from switchboard.cli.classify import LINE_BYTES_MAX, run_classify
from switchboard.domain.understanding import Intent
from tests.fakes.intent_classifier import SURE, FakeIntentClassifier


@pytest.fixture(autouse=True)
def embedded_only(monkeypatch, tmp_path):
    """No key, model or `.env` of this machine."""
    monkeypatch.setenv("SWITCHBOARD_LLM", "embedded")
    monkeypatch.chdir(tmp_path)


def run(lines: bytes, *arguments: str):
    return CliRunner().invoke(command_line.main, ["classify", *arguments], input=lines)


def test_each_line_is_answered_in_order():
    """One line out per line in, with exactly the agreed keys."""
    result = run(
        '{"text": "My bill is wrong and my internet is down."}\n\n{"text": "Où est votre magasin ?", "id": 7}\n{"text": "0"}'.encode()
    )
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert [answer["intent"] for answer in answers] == ["billing", "general", "escalation"]
    assert answers[0]["needs"] == ["billing", "technical"]
    assert {"intent", "confidence", "sentiment", "entities", "needs"} == answers[0].keys()
    assert (result.exit_code, result.stderr) == (0, "")


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (b"nope", "is not JSON"),
        (b"[1]", "Expected object, got array"),
        (b'{"text": 5}', "Expected str, got int"),
        (b'{"txt": "hi"}', "missing required field text"),
        (b"\xff\xfe", "is not JSON"),
        (b'{"text": "\xff"}', "is not JSON"),
        (b'{"text": "' + b"x" * LINE_BYTES_MAX + b'"}', "is longer than"),
    ],
)
def test_a_bad_line_costs_only_itself(bad, told):
    """It is named by number, with what is wrong and what to write; the others are answered, and the exit code is 1."""
    result = run(b'{"text": "hi"}\n' + bad + b'\n{"text": "hi"}\n')
    assert result.exit_code == 1
    assert len(result.stdout.splitlines()) == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith("line 2 ")
    assert told in line


def test_nothing_in_nothing_out():
    """No input is no error."""
    result = run(b"", "--tenant", "brightline")
    assert (result.exit_code, result.stdout) == (0, "")


def test_bad_settings_are_told(monkeypatch):
    """Without usable settings nothing is classified; exit code 2."""
    monkeypatch.setenv("SWITCHBOARD_LLM", "anthropic")
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    result = run(b'{"text": "hi"}\n')
    assert result.exit_code == 2
    assert "ANTHROPIC_API_KEY" in result.stderr


async def test_the_classifier_decides():
    """The command only reads, asks and writes."""
    classifier, out, errors = FakeIntentClassifier(answer=SURE), io.StringIO(), io.StringIO()
    code = await run_classify(classifier, lines=io.BytesIO(b'{"text": "hi"}\n'), out=out, errors=errors)
    assert (code, classifier.texts) == (0, ["hi"])
    assert json.loads(out.getvalue())["intent"] == Intent.SALES
