"""Tenants for tests, as people would write them."""

from typing import Any

from switchboard.domain.tenants import Tenant, read_tenant


def document(
    tenant_id: str = "acme", *, version: int = 1, numbers: tuple[str, ...] = (), **changes: Any
) -> Any:
    agent = {
        "name": "Ava",
        "company": tenant_id.title(),
        "instructions": "You are Ava.",
        "disclosure": f"Hi, this is {tenant_id.title()}'s AI assistant.",
        "greeting": "How can I help?",
    }
    return {"id": tenant_id, "version": version, "numbers": list(numbers), "agent": agent} | changes


def tenant(tenant_id: str = "acme", **changes: Any) -> Tenant:
    read = read_tenant(tenant_id, document(tenant_id, **changes))
    assert isinstance(read, Tenant), read
    return read
