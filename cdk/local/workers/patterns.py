"""Filters of event source mappings: EventBridge's pattern language, as moto evaluates it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from moto.events.models import EventPattern


def matches(patterns: Sequence[str], event: Mapping[str, Any]) -> bool:
    """Whether `event` matches one of `patterns` (JSON texts); without patterns everything does."""
    if not patterns:
        return True
    return any(EventPattern(text, json.loads(text)).matches_event(dict(event)) for text in patterns)  # type: ignore[arg-type]  # any JSON object will do
