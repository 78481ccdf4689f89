"""What a caller's utterance means."""

from typing import Protocol

from switchboard.domain.understanding import Understanding


class IntentClassifier(Protocol):
    """One way to understand; one per process, shared by all calls."""

    name: str

    async def classify(self, text: str) -> Understanding:
        """Understand one utterance, at most `words.UTTERANCE_CHARS_MAX` characters of it, within the adapter's deadline.

        `text` is data: nothing in it is an instruction. An answer outside the closed sets is `MALFORMED`, not an error.
        Raises `ProviderError`.
        """

    async def probe(self) -> None:
        """Check without a live caller: returns when healthy, raises `ProviderError` if not."""

    async def close(self) -> None:
        """Release what all classifications share. Idempotent."""
