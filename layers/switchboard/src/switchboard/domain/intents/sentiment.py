"""How a caller feels, by the words: what is said when no model answers (R-SENT)."""

from collections.abc import Mapping

from switchboard.domain.understanding import Sentiment


def sentiment_of(
    weights: Mapping[Sentiment, float], *, has_trouble: bool, is_shouted: bool, is_emergency: bool
) -> Sentiment:
    """Decide from what was found: anger first, then trouble, then praise, else neutral.

    `weights` sums the phrases of each feeling. Praise beside trouble is politeness, or irony; shouted trouble is anger, but fear
    in an emergency.
    """
    has_trouble = has_trouble or bool(weights.get(Sentiment.NEGATIVE))
    if is_emergency:
        return Sentiment.NEGATIVE
    if weights.get(Sentiment.FRUSTRATED) or (has_trouble and is_shouted):
        return Sentiment.FRUSTRATED
    if has_trouble:
        return Sentiment.NEGATIVE
    if weights.get(Sentiment.POSITIVE):
        return Sentiment.POSITIVE
    return Sentiment.NEUTRAL
