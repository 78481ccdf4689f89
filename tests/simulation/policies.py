"""The agent under simulation, with its limits at their usual values or at their edges."""

from typing import TYPE_CHECKING, Final

from switchboard.conversation.policy import Policy
from switchboard.domain.agents import Agent
from switchboard.domain.messages import ToolSpec

if TYPE_CHECKING:
    from tests.simulation.world import World

AGENT: Final = Agent(
    name="Ada",
    company="Example Telecom",
    instructions="Help callers of Example Telecom. Be brief.",
    disclosure="Hello, this is Ada, an AI assistant of Example Telecom.",
    greeting="How can I help you today?",
    tools=(
        ToolSpec("look_up", "Look up the caller's account.", {"type": "object"}),
        ToolSpec("book", "Book a technician.", {"type": "object"}, has_effects=True),
    ),
)
DURATION_MAX_MS: Final = 5 * 60_000


def draw_policy(world: "World") -> Policy:
    """One call's policy."""
    faults, rng = world.faults, world.rng
    return Policy(
        agent=AGENT,
        duration_max_ms=rng.randint(8_000, 60_000) if faults.strikes("short calls") else DURATION_MAX_MS,
        history_max=rng.randint(4, 10) if faults.strikes("short memory") else 80,
        transfer_available=not faults.strikes("no transfer"),
    )
