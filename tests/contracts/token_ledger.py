"""What every token ledger does."""

import asyncio
from collections.abc import Callable

from switchboard.ports.token_ledger import TokenLedger

TENANT = "acme"
NOW_S = 1_000_000


class TokenLedgerContract:
    """Subclasses provide `open_ledger`: each call of it opens another handle on the same state, at `NOW_S`."""

    async def test_single_use(self, open_ledger: Callable[[], TokenLedger]):
        """A nonce can be redeemed once, also through another handle."""
        first, second = open_ledger(), open_ledger()
        assert True is await first.redeem(TENANT, "aa", expires_at_s=NOW_S + 60)
        assert False is await first.redeem(TENANT, "aa", expires_at_s=NOW_S + 60)
        assert False is await second.redeem(TENANT, "aa", expires_at_s=NOW_S + 60)

    async def test_expiry_does_not_name_the_nonce(self, open_ledger: Callable[[], TokenLedger]):
        """A used nonce stays used whatever expiry is told with it."""
        ledger = open_ledger()
        assert True is await ledger.redeem(TENANT, "aa", expires_at_s=NOW_S + 60)
        assert False is await ledger.redeem(TENANT, "aa", expires_at_s=NOW_S + 61)

    async def test_nonces_are_apart(self, open_ledger: Callable[[], TokenLedger]):
        """Using one token leaves others usable."""
        ledger = open_ledger()
        assert True is await ledger.redeem(TENANT, "aa", expires_at_s=NOW_S + 60)
        assert True is await ledger.redeem(TENANT, "ab", expires_at_s=NOW_S + 60)

    async def test_tenants_are_apart(self, open_ledger: Callable[[], TokenLedger]):
        """One tenant's used token says nothing about another's."""
        ledger = open_ledger()
        assert True is await ledger.redeem(TENANT, "aa", expires_at_s=NOW_S + 60)
        assert True is await ledger.redeem("globex", "aa", expires_at_s=NOW_S + 60)

    async def test_one_winner(self, open_ledger: Callable[[], TokenLedger]):
        """Exactly one of many that race for a nonce wins it, round after round."""
        ledgers = [open_ledger() for _ in range(4)]
        for round_number in range(25):
            answers = await asyncio.gather(
                *(
                    ledger.redeem(TENANT, f"n{round_number}", expires_at_s=NOW_S + 60)
                    for ledger in ledgers * 2
                )
            )
            assert answers.count(True) == 1
