"""What the speech vendors have in common: choosing a voice, and knowing whether a text can be heard at all."""

from collections.abc import Iterator, Mapping
from contextlib import aclosing

from switchboard.domain.voices import Voice
from switchboard.ports.errors import ProviderProtocolError, ProviderRejected
from switchboard.ports.synthesizer import Synthesizer

ANY_LANGUAGE = ""
"""The language key of voices that speak every language of their vendor."""

PROBE_TEXT = "OK"


def choose_voice(provider: str, voice: Voice, defaults: Mapping[tuple[str, str], str]) -> str:
    """The vendor's voice id: the one named for it, else its default for this language and gender.

    `defaults` maps (BCP 47 tag or its first part, gender) to an id. A voice of the other gender that speaks the
    language comes before none at all. Raises `ProviderRejected` where nothing speaks the language.
    """
    named = voice.names.get(provider)
    if named is not None:
        return named
    other = "male" if voice.gender == "female" else "female"
    prefix = voice.language.partition("-")[0]
    for key in (
        (voice.language, voice.gender),
        (prefix, voice.gender),
        (voice.language, other),
        (prefix, other),
        (ANY_LANGUAGE, voice.gender),
    ):
        if key in defaults:
            return defaults[key]
    raise ProviderRejected(provider, f"no default voice speaks {voice.language}")


def is_speakable(text: str) -> bool:
    """Whether the text has a letter or digit; without one a vendor may rightly answer with no audio."""
    return any(character.isalnum() for character in text)


def split_text(text: str, chars_max: int) -> Iterator[str]:
    """Cut a text into parts of at most `chars_max`, after a space where there is one; joined they are the text."""
    while len(text) > chars_max:
        end = text.rfind(" ", 0, chars_max) + 1 or chars_max
        yield text[:end]
        text = text[end:]
    if text:
        yield text


async def probe_by_speaking(synthesizer: Synthesizer) -> None:
    """Take the path a caller's sentence takes, up to its first audio. Raises `ProviderError`."""
    session = await synthesizer.open(voice=Voice())
    try:
        async with aclosing(session.synthesize(PROBE_TEXT)) as chunks:
            async for _ in chunks:
                return
        raise ProviderProtocolError(synthesizer.name, "spoke the probe without audio")
    finally:
        await session.close()
