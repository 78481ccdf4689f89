"""A language model that is several: whoever answers first in order of preference."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from switchboard.adapters.failover.providers import Member, Providers
from switchboard.ports.errors import ProviderError
from switchboard.ports.language_model import GenerationItem, GenerationRequest, LanguageModel


class FailoverLanguageModel(Providers[LanguageModel]):
    """Implements the port over others. Budgets are for the first item of a reply."""

    kind = "language-model"

    async def generate(self, request: GenerationRequest) -> AsyncGenerator[GenerationItem, None]:
        """Part of the port.

        An error before the first item sends the same request to the next provider; an error after it is raised, because
        only the conversation knows what the caller has heard of the half reply.
        """
        tried: list[Member[LanguageModel]] = []
        error: ProviderError | None = None
        while True:
            member = self.choose(tried, error)
            if tried and error is not None:
                self.switched(tried[-1], member, error)
            started = False
            try:
                with self.use(member) as use:
                    async with aclosing(member.provider.generate(request)) as items:
                        async for item in items:
                            if not started:
                                started = True
                                use.answered()
                            yield item
            except ProviderError as failure:
                self.failed(member, failure)
                if started:
                    raise
                tried.append(member)
                error = failure
            else:
                return
