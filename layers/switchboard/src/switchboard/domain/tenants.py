"""A tenant: whose numbers ring here, who answers them, and who takes over.

A tenant's configuration is a JSON document that people write; it is checked when it is published and never on the way of a
call. Each version of it is kept as it is: a call goes on with the version it began with (failure F42).
"""

import re
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from switchboard.domain.voices import Voice

DEFAULT_TENANT = "default"
TENANT_ID_PATTERN = r"^[a-z0-9][a-z0-9-]{0,39}\Z"
"""It begins every key and is a session tag that access policies compare: no separator, no wildcard, no upper case."""
NUMBER_PATTERN = r"^\+[1-9]\d{6,14}\Z"

_TENANT_ID = re.compile(TENANT_ID_PATTERN)

TenantId = Annotated[str, Meta(pattern=TENANT_ID_PATTERN)]
Number = Annotated[str, Meta(pattern=NUMBER_PATTERN)]
Name = Annotated[str, Meta(min_length=1, max_length=100)]
Sentence = Annotated[str, Meta(min_length=1, max_length=500)]


class TenantAgent(Struct, frozen=True, forbid_unknown_fields=True):
    """Who answers. `tools` names tools that the platform has; their schemas and rights are the platform's own."""

    name: Name
    company: Name
    instructions: Annotated[str, Meta(min_length=1, max_length=20_000)]
    disclosure: Sentence
    greeting: Sentence
    voice: Voice = Voice()
    tools: Annotated[tuple[Name, ...], Meta(max_length=50)] = ()


class Limits(Struct, frozen=True, forbid_unknown_fields=True):
    """What one tenant's calls may use."""

    duration_max_s: Annotated[int, Meta(ge=60, le=4 * 3600)] = 1800


class Tenant(Struct, frozen=True, forbid_unknown_fields=True):
    """One version of one tenant's configuration. `handover_number` may be empty: then nobody takes calls over."""

    id: TenantId
    version: Annotated[int, Meta(ge=1)]
    numbers: Annotated[tuple[Number, ...], Meta(max_length=1000)]
    agent: TenantAgent
    handover_number: Annotated[str, Meta(pattern=rf"^\Z|{NUMBER_PATTERN}")] = ""
    limits: Limits = Limits()


class TenantProblem(Struct, frozen=True):
    """Why a tenant's document cannot be used: whose, where in it, and what is wrong."""

    tenant: str
    field: str
    what: str

    def __str__(self) -> str:
        return f"tenant {self.tenant}: {self.field}: {self.what}"


def is_tenant_id(value: str) -> bool:
    """Whether `value` may name a tenant."""
    return _TENANT_ID.fullmatch(value) is not None


def read_tenant(tenant_id: str, document: Any) -> Tenant | TenantProblem:
    """The tenant that a document describes, or the first thing wrong with it. `document` is decoded JSON."""
    if not is_tenant_id(tenant_id):
        return TenantProblem(
            repr(tenant_id)[:80], "id", "is not 1 to 40 of a-z, 0-9 and -, beginning with a letter or digit"
        )
    try:
        tenant = msgspec.convert(document, Tenant)
    except msgspec.ValidationError as error:
        what, _, path = str(error).partition(" - at `$")
        return TenantProblem(tenant_id, path.rstrip("`").lstrip(".") or "the document", what)
    if tenant.id != tenant_id:
        return TenantProblem(tenant_id, "id", "is another tenant's")
    if len(set(tenant.numbers)) != len(tenant.numbers):
        return TenantProblem(tenant_id, "numbers", "names a number twice")
    return tenant
