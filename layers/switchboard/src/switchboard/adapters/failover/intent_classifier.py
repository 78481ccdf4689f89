"""Intent by model, with the rules as safety net (R-PLAN): somebody always answers, and within one deadline."""

from collections.abc import Sequence

from switchboard.adapters.failover.providers import Clock, Providers, SwitchCallback
from switchboard.domain.understanding import Understanding
from switchboard.ports.errors import ProviderError
from switchboard.ports.intent_classifier import IntentClassifier


class FailoverIntentClassifier(Providers[IntentClassifier]):
    """Implements the port over models, in order of preference, and the rules. Never raises `ProviderError`.

    One model is asked at most, the first whose breaker is closed: a second one would double the caller's wait, and the rules
    have answered already. Its answer stands unless it is unsure. The rules alone answer keys, wishes for a human and emergencies.
    """

    kind = "intent-classifier"

    def __init__(
        self,
        models: Sequence[tuple[IntentClassifier, int]],
        rules: IntentClassifier,
        *,
        clock: Clock | None = None,
        on_switch: SwitchCallback | None = None,
    ) -> None:
        super().__init__(models, clock=clock, on_switch=on_switch)
        self._rules = rules
        self._tell = on_switch

    async def classify(self, text: str) -> Understanding:
        """Part of the port."""
        by_rules = await self._rules.classify(text)
        if by_rules.is_certain or not text.strip():
            return by_rules
        member = next((each for each in self.members if each.breaker.allows()), None)
        if member is None:
            return by_rules
        try:
            with self.use(member) as use:
                by_model = await member.provider.classify(text)
                use.answered()
        except ProviderError as error:
            self.failed(member, error)
            self._report(member.name, type(error).__name__)
            return by_rules
        if by_model.is_unsure:
            self._report(member.name, "Unsure")
            return by_rules
        return by_model

    async def close(self) -> None:
        """Part of the port."""
        await super().close()
        await self._rules.close()

    async def probe(self) -> None:
        """Part of the port; with the rules it can always answer."""
        await self._rules.probe()

    def _report(self, model: str, reason: str) -> None:
        if self._tell is not None:
            self._tell(model, self._rules.name, reason)
