"""Facts in a list."""

from switchboard.domain.facts import Fact


class ListSink:
    """Fulfils `ports.event_sink.EventSink`."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self.flushes = 0

    def publish(self, fact: Fact) -> None:
        self.facts.append(fact)

    async def flush(self, *, deadline_s: float) -> None:
        self.flushes += 1

    async def close(self, *, deadline_s: float) -> None:
        await self.flush(deadline_s=deadline_s)
