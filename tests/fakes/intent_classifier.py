"""An intent classifier in memory that answers what it was told."""

import asyncio

from switchboard.domain.understanding import Intent, Understanding
from switchboard.ports.errors import ProviderError

SURE = Understanding(Intent.SALES, 0.9, needs=(Intent.SALES,))


class FakeIntentClassifier:
    """Answers `answer`; while `failure` is set, every use and probe fails with it; while `stalls`, none ends."""

    def __init__(self, name: str = "fake", answer: Understanding = SURE) -> None:
        self.name = name
        self.answer = answer
        self.failure: ProviderError | None = None
        self.stalls = False
        self.texts: list[str] = []
        self.close_count = 0

    async def classify(self, text: str) -> Understanding:
        self.texts.append(text)
        if self.stalls:
            await asyncio.Event().wait()
        if self.failure is not None:
            raise self.failure
        return self.answer

    async def probe(self) -> None:
        if self.failure is not None:
            raise self.failure

    async def close(self) -> None:
        self.close_count += 1
