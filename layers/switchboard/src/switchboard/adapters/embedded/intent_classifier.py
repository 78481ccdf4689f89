"""The rules behind the intent classifier port: no network, no wait, no failure."""

from switchboard.domain.intents import rules
from switchboard.domain.understanding import Understanding


class EmbeddedIntentClassifier:
    """Understands by `domain.intents.rules`."""

    name = "embedded"

    def __init__(self) -> None:
        rules.warm_up()

    async def classify(self, text: str) -> Understanding:
        """Part of the port; takes well below a millisecond."""
        return rules.understand(text)

    async def probe(self) -> None:
        """Part of the port; rules are never down."""

    async def close(self) -> None:
        """Part of the port; nothing is held."""
