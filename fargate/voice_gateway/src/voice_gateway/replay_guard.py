"""The stream tokens that this process has accepted: what is left of "once" while the shared ledger does not answer.

A token lives for a minute, is bound to one call and comes over a signed upgrade. While the ledger is down it opens a stream once per
process instead of once in all (docs/decisions/0013).
"""

TOKENS_MAX = 20_000
"""Of the last minute; 300 new calls a second would fill it."""


class ReplayGuard:
    """Remembers tokens until they have expired."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], int] = {}

    def first_use(self, tenant: str, nonce: str, *, expires_at_s: int, now_s: int) -> bool:
        """True once per token. Full of tokens that still live, it says false: then better no call than a replayed one."""
        if (tenant, nonce) in self._seen:
            return False
        if len(self._seen) >= TOKENS_MAX:
            self._seen = {key: until_s for key, until_s in self._seen.items() if until_s > now_s}
            if len(self._seen) >= TOKENS_MAX:
                return False
        self._seen[(tenant, nonce)] = expires_at_s
        return True
