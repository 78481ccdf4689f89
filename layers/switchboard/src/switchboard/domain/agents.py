"""An agent: who answers, how it sounds and what it may do."""

from msgspec import Struct

from switchboard.domain.messages import ToolSpec
from switchboard.domain.voices import Voice

TRANSFER_TOOL = ToolSpec(
    name="transfer_to_human",
    description="Hand the caller to a person. Use it as soon as the caller asks for one.",
    parameters={
        "type": "object",
        "properties": {
            "reason": {"type": "string", "description": "What the caller needs, in one sentence."}
        },
        "required": ["reason"],
    },
    has_effects=True,
)
END_CALL_TOOL = ToolSpec(
    name="end_call",
    description="Say goodbye in your text and end the call. Use it once the caller has nothing more to ask.",
    parameters={"type": "object", "properties": {"reason": {"type": "string"}}},
    has_effects=True,
)
CALL_CONTROL_TOOLS = (TRANSFER_TOOL, END_CALL_TOOL)
"""Tools that every agent has and that the conversation itself carries out."""


class Agent(Struct, frozen=True):
    """One configured agent of a tenant.

    `disclosure` opens the call and says that a machine is speaking (EU AI Act art. 50(1), California
    B&P 17941); `greeting` follows it. `instructions` is the model's system prompt.
    """

    name: str
    company: str
    instructions: str
    disclosure: str
    greeting: str
    voice: Voice = Voice()
    tools: tuple[ToolSpec, ...] = ()

    @property
    def language(self) -> str:
        """The BCP 47 language the agent speaks and hears."""
        return self.voice.language
