"""Word timings from ElevenLabs' character alignment."""

from msgspec import Struct, field

from switchboard.media.frames import milliseconds_of
from switchboard.ports.synthesizer import WordTiming


class Alignment(Struct, rename="camel"):
    """When each character of one message's audio is spoken; times count from the start of that audio."""

    chars: list[str] = field(default_factory=list)
    char_start_times_ms: list[float] = field(default_factory=list)
    char_durations_ms: list[float] = field(default_factory=list)


class WordClock:
    """Follows one text through the messages that speak it.

    The vendor adds spaces of its own around the text, so only characters other than spaces are counted. Position
    in the audio is counted in bytes received: it cannot drift, whatever the alignment says.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._next_char = 0
        self._played_bytes = 0
        self._last = WordTiming(end_char=0, end_ms=0)

    def advance(self, audio: bytes, alignment: Alignment | None) -> tuple[WordTiming, ...]:
        """The words that end in this audio, in order; both fields never run backwards."""
        start_ms = milliseconds_of(self._played_bytes)
        self._played_bytes += len(audio)
        if alignment is None:
            return ()
        words: list[WordTiming] = []
        for char, char_start_ms, duration_ms in zip(
            alignment.chars,
            alignment.char_start_times_ms,
            alignment.char_durations_ms,
            strict=False,  # a character without a time tells nothing
        ):
            if self._step_over(char) and self._at_word_end():
                end_ms = start_ms + int(char_start_ms + duration_ms)
                self._last = WordTiming(end_char=self._next_char, end_ms=max(end_ms, self._last.end_ms))
                words.append(self._last)
        return tuple(words)

    def _step_over(self, char: str) -> bool:
        """Step over this character of the text; false for a space that the vendor added."""
        if char.isspace():
            return False
        while self._next_char < len(self._text) and self._text[self._next_char].isspace():
            self._next_char += 1
        if self._next_char == len(self._text):
            return False
        self._next_char += 1
        return True

    def _at_word_end(self) -> bool:
        return self._next_char == len(self._text) or self._text[self._next_char].isspace()
