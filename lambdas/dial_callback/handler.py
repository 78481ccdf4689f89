"""Callback: {"tenant", "kind", "id", "attempt", "token"} -> {}; the carrier's report answers the token.

Where the attempt is decided already there is nothing to wait for: `AttemptDecided` sends the workflow back to its plan.

Not remembered by Powertools: a repeated step has a new token, which must take the place of the old one. The attempt's
record keeps it from being dialled twice.
"""

import secrets

from switchboard.adapters.aws.workflow_steps import (
    AttemptDecided,
    InputRefused,
    JsonObject,
    Step,
    Tools,
    now_s,
)
from switchboard.domain.callbacks import ATTEMPTS_MAX
from switchboard.domain.subjects import Subject
from switchboard.services.run_callback import CallbackLine, dial_callback
from switchboard.workflow_settings import required


async def _work(subject: Subject, event: JsonObject, tools: Tools) -> JsonObject:
    attempt, token = event.get("attempt"), event.get("token")
    if not (isinstance(attempt, int) and 1 <= attempt <= ATTEMPTS_MAX and isinstance(token, str) and token):
        raise InputRefused("the input names no attempt and token")
    is_open = await dial_callback(
        subject,
        attempt,
        token=token,
        nonce=secrets.token_hex(8),
        line=CallbackLine(required(tools.settings.public_base_url, "PUBLIC_BASE_URL")),
        records=tools.records,
        telephony=tools.telephony,
        now_s=now_s(),
    )
    if not is_open:
        raise AttemptDecided
    return {}


handler = Step("dial_callback", _work, is_remembered=False)
