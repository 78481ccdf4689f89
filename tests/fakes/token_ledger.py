"""Used tokens in memory; handles made from the same dictionary see the same tokens."""

from switchboard.ports.errors import ProviderUnavailable


class InMemoryTokenLedger:
    """Fulfils `ports.token_ledger.TokenLedger`; `redeemed` maps tenant and nonce to the expiry. `is_down` makes it fail."""

    def __init__(self, redeemed: dict[tuple[str, str], int] | None = None, *, is_down: bool = False) -> None:
        self.redeemed = {} if redeemed is None else redeemed
        self.is_down = is_down

    async def redeem(self, tenant: str, nonce: str, *, expires_at_s: int) -> bool:
        if self.is_down:
            raise ProviderUnavailable("memory", "down")
        if (tenant, nonce) in self.redeemed:
            return False
        self.redeemed[(tenant, nonce)] = expires_at_s
        return True

    async def close(self) -> None:
        """Nothing to release."""
