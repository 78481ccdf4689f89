"""What every checkpoint store does."""

import asyncio
from collections.abc import Callable

import pytest

from switchboard.domain.calls import CallKey, Disposition, NextStep
from switchboard.ports.checkpoints import Checkpoint, CheckpointStore
from switchboard.ports.errors import StaleOwner

CALL = CallKey("acme", "CA1")
OTHER_CALL = CallKey("acme", "CA2")
OTHER_TENANT = CallKey("globex", "CA1")


class CheckpointStoreContract:
    """Subclasses provide `open_store`: each call of it opens another handle on the same state."""

    async def test_first_claim_starts_empty(self, open_store: Callable[[], CheckpointStore]):
        """The first owner of a call gets fence 1 and no snapshot."""
        assert Checkpoint(CALL, fence=1) == await open_store().claim(CALL)

    async def test_unknown_call(self, open_store: Callable[[], CheckpointStore]):
        """Reading a call that nobody claimed gives None and creates nothing."""
        store = open_store()
        assert None is await store.load(CALL)
        assert None is await store.load(CALL)

    async def test_saved_state_is_handed_on(self, open_store: Callable[[], CheckpointStore]):
        """The next owner gets the last saved state under a higher fence."""
        first, second = open_store(), open_store()
        await first.claim(CALL)
        saved = Checkpoint(CALL, fence=1, snapshot='{"turn":"ä"}', next_step=NextStep.TRANSFER)
        await first.save(saved)
        assert saved == await second.load(CALL)
        expected = Checkpoint(CALL, fence=2, snapshot='{"turn":"ä"}', next_step=NextStep.TRANSFER)
        assert expected == await second.claim(CALL)

    async def test_stale_owner_is_refused(self, open_store: Callable[[], CheckpointStore]):
        """Once another task has claimed the call, the former owner's save raises and changes nothing."""
        old, new = open_store(), open_store()
        stale = await old.claim(CALL)
        current = await new.claim(CALL)
        with pytest.raises(StaleOwner):
            await old.save(stale)
        assert current == await old.load(CALL)

    async def test_save_without_claim_is_refused(self, open_store: Callable[[], CheckpointStore]):
        """A call that nobody claimed cannot be saved, nor can one with a fence not yet given out."""
        store = open_store()
        with pytest.raises(StaleOwner):
            await store.save(Checkpoint(CALL, fence=1))
        await store.claim(CALL)
        with pytest.raises(StaleOwner):
            await store.save(Checkpoint(CALL, fence=2))

    async def test_disposition_is_kept(self, open_store: Callable[[], CheckpointStore]):
        """How a call ended never changes (law L1), neither by a later save nor by a claim."""
        store = open_store()
        await store.claim(CALL)
        ended = Checkpoint(CALL, fence=1, disposition=Disposition.COMPLETED)
        await store.save(ended)
        await store.save(Checkpoint(CALL, fence=1, disposition=Disposition.FAILED))
        await store.save(Checkpoint(CALL, fence=1))
        assert ended == await store.load(CALL)
        assert Disposition.COMPLETED is (await store.claim(CALL)).disposition

    async def test_calls_are_apart(self, open_store: Callable[[], CheckpointStore]):
        """Claiming one call leaves the owner of another in place."""
        store = open_store()
        mine = await store.claim(CALL)
        await store.claim(OTHER_CALL)
        await store.save(mine)
        assert mine == await store.load(CALL)

    async def test_tenants_are_apart(self, open_store: Callable[[], CheckpointStore]):
        """One tenant can neither read, nor own, nor fence off another's call, even under the same call id."""
        store = open_store()
        mine = await store.claim(CALL)
        assert None is await store.load(OTHER_TENANT)
        with pytest.raises(StaleOwner):
            await store.save(Checkpoint(OTHER_TENANT, fence=1))
        assert Checkpoint(OTHER_TENANT, fence=1) == await store.claim(OTHER_TENANT)
        await store.save(mine)
        assert mine == await store.load(CALL)

    async def test_racing_claims_get_different_fences(self, open_store: Callable[[], CheckpointStore]):
        """However many claim at once, each gets a fence of its own and only the highest may save."""
        stores = [open_store() for _ in range(4)]
        claims = await asyncio.gather(*(store.claim(CALL) for store in stores))
        assert sorted(claim.fence for claim in claims) == [1, 2, 3, 4]
        for store, claim in zip(stores, claims, strict=True):
            if claim.fence == 4:
                await store.save(claim)
            else:
                with pytest.raises(StaleOwner):
                    await store.save(claim)
