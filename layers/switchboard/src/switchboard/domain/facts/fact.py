"""What every fact has."""

from msgspec import Struct


class Fact(Struct, frozen=True, kw_only=True, tag_field="type", tag=True):
    """One thing that has happened, told once, as it is stored: ids and figures, never what a person said or is reached by.

    `id` is the same for every copy of a fact; `at_ms` is UTC. Each kind of fact is one module and counts its own `version`:
    a field may be added within a version, and neither change its meaning nor go away.
    """

    id: str
    tenant: str
    at_ms: int
