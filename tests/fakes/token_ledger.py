"""Used tokens in memory; handles made from the same dictionary see the same tokens."""


class InMemoryTokenLedger:
    """Fulfils `ports.token_ledger.TokenLedger`; `redeemed` maps nonces to their expiry."""

    def __init__(self, redeemed: dict[str, int] | None = None) -> None:
        self.redeemed = {} if redeemed is None else redeemed

    async def redeem(self, nonce: str, *, expires_at_s: int) -> bool:
        if nonce in self.redeemed:
            return False
        self.redeemed[nonce] = expires_at_s
        return True
