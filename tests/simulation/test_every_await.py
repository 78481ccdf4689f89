"""The reference call, ended for its task wherever it can end. All of it: `uv run simulate --every-await`."""

from itertools import groupby
from unittest.mock import patch

import pytest

from tests.simulation import every_await
from tests.simulation.__main__ import main
from tests.simulation.every_await import LINES, At, Ending, ReferenceWorld
from tests.simulation.mutants import UNFENCED, planted

STEP = 3
"""Every third point with every ending: neighbouring points differ little, and the endings take turns."""
MUTANT_STEP = 5


def test_the_reference_call_has_everything():
    """Undisturbed it holds a tool, an interruption, a key, a second question, a goodbye; and enough points."""
    world = ReferenceWorld()
    outcome = world.run()
    world.judge()
    assert world.last_task is not None
    told = [m.text for m in world.last_task.conversation.history if m.role == "user" and m.text]

    assert outcome.violation is None
    assert list(LINES) == told
    assert "interruption confirmed" in outcome.sometimes
    assert every_await.points() > 200


def test_a_task_may_end_anywhere():
    """Asked to go, killed, or lost and lingering: the caller gets to the end of the same conversation."""
    found = every_await.search(every_await.sample(STEP))

    assert [] == [f"{each.replay}  # {each.violation}" for each in found]


def test_a_hand_over_goes_unnoticed():
    """Asked to go, a task leaves no trace in what the caller hears: no word of a break, nothing twice, nothing missing.

    Only a clause that had begun in the moment of the hand-over begins again, and a caller who did is asked to.
    """
    undisturbed = _heard(ReferenceWorld())
    again = ReferenceWorld().policy.phrases.unclear[0]
    asked = 0
    for point in range(0, every_await.points(), 2 * STEP):
        heard = _heard(ReferenceWorld(At(Ending.RELEASE, point)))
        asked += again in heard

        assert undisturbed == [text for text in heard if text != again], f"release:{point}"
    assert asked <= 0.1 * every_await.points() / (2 * STEP)


@pytest.mark.parametrize("name", ["greets again after every break", "keeps no checkpoint of a turn"])
def test_a_bug_of_resuming_is_caught(name):
    """Somewhere along the call it shows."""
    with planted(name):
        found = every_await.search(every_await.sample(MUTANT_STEP), stop_at=1)

    assert "L7" == found[0].violation.invariant


def test_a_missing_fence_is_caught():
    """A task that lingers would overwrite what its successor knows."""
    with patch.object(*UNFENCED):
        found = every_await.search(every_await.sample(MUTANT_STEP), stop_at=1)

    assert "L6" == found[0].violation.invariant


def test_command_replays_one_ending(capsys):
    """The line that a failure prints tells that call."""
    code = main(["--every-await", "kill:40"])
    printed = capsys.readouterr().out

    assert 0 == code
    assert "socket lost" in printed
    assert "The call went on as it must." in printed


def _heard(world: ReferenceWorld) -> list[str]:
    world.run()
    assert world.checkers is not None
    texts = {key: said.order.text for key, said in world.checkers.scene.says.items()}
    return [
        text for text, _ in groupby(texts[key] for key in texts if world.far_end.heard_ms(key, world.now_ms))
    ]
