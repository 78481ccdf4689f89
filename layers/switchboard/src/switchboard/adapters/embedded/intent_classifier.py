"""The rules behind the intent classifier port, with the linear model as their second opinion: no network, no wait."""

from functools import cache
from importlib.resources import files

import msgspec

from switchboard.domain.intents import rules
from switchboard.domain.intents.linear import LinearModel
from switchboard.domain.understanding import Understanding

WEIGHTS_FILE = "intent_weights.json"


class EmbeddedIntentClassifier:
    """Understands by `domain.intents.rules`; takes well below a millisecond, and is never down."""

    name = "embedded"

    def __init__(self) -> None:
        rules.warm_up()
        self._second_opinion = shipped_weights()

    async def classify(self, text: str) -> Understanding:
        """Part of the port."""
        return rules.understand(text, self._second_opinion)

    async def probe(self) -> None:
        """Part of the port; rules are never down."""

    async def close(self) -> None:
        """Part of the port; nothing is held."""


@cache
def shipped_weights() -> LinearModel:
    """The linear model that ships; read once per process."""
    data = (files("switchboard.adapters.embedded") / "data" / WEIGHTS_FILE).read_bytes()
    return msgspec.json.decode(data, type=LinearModel)
