"""Bugs this simulator found, each with a seed whose call goes wrong when the bug comes back.

A seed means a call only in the world it was drawn in: whoever changes what the world draws finds new seeds for these
sentences by undoing the fix.
"""

from typing import Final

REGRESSIONS: Final[tuple[tuple[int, str], ...]] = (
    (5, "Playout's deadline stayed in the past until a mark came back, and the driver span."),
    (20, "A stale owner ran a tool: no checkpoint was stored before it."),
    (26, "A lost mark kept a silent caller waiting for more than ten seconds."),
    (27, "A resumed call synthesised its disclosure anew, failed half-way and answered undisclosed."),
    (31, "What was heard until the caller hung up was never remembered."),
    (34, "A model that numbers its calls anew in every reply made a history no model accepts."),
    (186, "An utterance that ended in the moment it was interrupted was forgotten."),
    (1634, "A second break in what a first one had left of the greeting began the greeting anew."),
    (9167, "A reply that no voice could speak was followed by silence instead of an apology."),
    (28067, "Every resumption during the greeting left an empty entry in the memory."),
)
