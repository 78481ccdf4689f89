"""Which one-time stream tokens have been used."""

from typing import Protocol


class TokenLedger(Protocol):
    """Remembers redeemed tokens until they would have expired anyway."""

    async def redeem(self, nonce: str, *, expires_at_s: int) -> bool:
        """True for exactly one caller per nonce, however many ask at once; false for everyone after."""
