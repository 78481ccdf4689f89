"""Which one-time stream tokens have been used."""

from typing import Protocol


class TokenLedger(Protocol):
    """Remembers redeemed tokens until they would have expired anyway."""

    async def redeem(self, tenant: str, nonce: str, *, expires_at_s: int) -> bool:
        """True for exactly one caller per tenant and nonce, however many ask at once; false for everyone after.

        Raises `ProviderError`.
        """

    async def close(self) -> None:
        """Release the ledger."""
