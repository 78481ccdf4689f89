"""What a workflow works on: one call, one voicemail or one agreed callback of one tenant.

A subject travels through queues, workflow inputs and logs in place of what is known about it, and every key that is
stored for it starts with its tenant (law T1).
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

Name = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9_-]{0,63}\Z")]
"""An identifier that can neither leave its tenant's keys (`#`, `/`, `.`) nor fill a log."""

SubjectKind = Literal["call", "voicemail", "callback"]


class Subject(Struct, frozen=True, order=True):
    """One thing that happened, or is to happen, at one tenant."""

    tenant: Name
    kind: SubjectKind
    id: Name

    @property
    def record_key(self) -> str:
        """The partition key of its records."""
        return f"{self.tenant}#{self.kind}#{self.id}"

    @property
    def folder(self) -> str:
        """The prefix of its objects, with the slash at its end."""
        return f"{self.tenant}/{self.kind}s/{self.id}/"
