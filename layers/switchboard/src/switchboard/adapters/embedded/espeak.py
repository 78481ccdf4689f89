"""The espeak-ng library by ctypes: text in, 16-bit samples and word positions out.

Declarations follow `speak_lib.h` of espeak-ng 1.52, the version in the `espeakng-loader` wheel. The library keeps one
voice, one set of parameters and one callback per process, so every call to it is serialised by one lock.
"""

import ctypes
import threading
from collections.abc import Callable
from functools import cache
from typing import ClassVar

import espeakng_loader
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

SAMPLE_RATE_HZ = 22050
"""What espeak-ng's formant voices produce; checked when the library is loaded."""

_BUFFER_MS = 60  # one callback per 60 ms of speech: the first audio needs no whole clause
_SYNCHRONOUS = 2  # AUDIO_OUTPUT_SYNCHRONOUS: espeak_Synth calls back on the calling thread
_DONT_EXIT = 0x8000  # espeakINITIALIZE_DONT_EXIT: report missing data instead of ending the process
_POS_CHARACTER = 1
_CHARS_UTF8 = 1
_PARAMETER_RATE = 1
_PARAMETER_PITCH = 3
_EVENT_LIST_TERMINATED = 0
_EVENT_WORD = 1


class WordStart(Struct, frozen=True):
    """A word begins at character `at_char` of the text and at `at_ms` of its audio."""

    at_char: int
    at_ms: int


class EspeakFailed(Exception):
    """The library could not be loaded, does not know the voice, or refused the text."""


Receive = Callable[[NDArray[np.int16], tuple[WordStart, ...]], bool]
"""Takes the next samples and the words that start in them; true means go on, false stops the speech."""


@cache
def library() -> "Espeak":
    """Load the library once per process (about 20 ms). Raises `EspeakFailed`."""
    return Espeak()


class Espeak:
    """The loaded library; use `library()`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        try:
            self._lib = ctypes.CDLL(espeakng_loader.get_library_path())
            data_path = str(espeakng_loader.get_data_path()).encode()
        except (OSError, RuntimeError) as error:
            raise EspeakFailed("library or data not found") from error
        rate_hz = self._lib.espeak_Initialize(_SYNCHRONOUS, _BUFFER_MS, data_path, _DONT_EXIT)
        if rate_hz != SAMPLE_RATE_HZ:
            raise EspeakFailed(f"initialised with {rate_hz} instead of {SAMPLE_RATE_HZ} Hz")

    def speak(self, text: str, *, voice: str, words_per_minute: int, pitch: int, receive: Receive) -> None:
        """Speak `text` on the calling thread, handing samples to `receive` as they are made.

        Blocks while another thread speaks; a clause takes about 2 ms of CPU per second of speech. `voice` is a voice
        name with an optional variant (`en-us+f4`), `pitch` is 0..100. An exception in `receive` stops the
        speech and is raised here. Raises `EspeakFailed`.
        """
        raised: list[BaseException] = []

        def on_samples(
            samples: "ctypes._Pointer[ctypes.c_short]", count: int, events: "ctypes._Pointer[_Event]"
        ) -> int:
            if not samples or count <= 0:
                return 0
            try:
                # Copied, because the library reuses its buffer.
                piece = np.ctypeslib.as_array(samples, (count,)).copy()
                return 0 if receive(piece, _words(events)) else 1
            except BaseException as error:  # noqa: BLE001 - it may not unwind through C; raised again below
                raised.append(error)
                return 1

        callback = _CALLBACK(on_samples)
        encoded = text.encode()
        with self._lock:
            self._configure(voice, words_per_minute, pitch)
            self._lib.espeak_SetSynthCallback(callback)
            status = self._lib.espeak_Synth(
                encoded, len(encoded) + 1, 0, _POS_CHARACTER, 0, _CHARS_UTF8, None, None
            )
        if raised:
            raise raised[0]
        if status != 0:
            raise EspeakFailed(f"synthesis refused with status {status}")

    def _configure(self, voice: str, words_per_minute: int, pitch: int) -> None:
        status = self._lib.espeak_SetVoiceByName(voice.encode())
        if status != 0:
            raise EspeakFailed(f"no voice named {voice!r}")
        # After the voice, which brings its own values.
        self._lib.espeak_SetParameter(_PARAMETER_RATE, words_per_minute, 0)
        self._lib.espeak_SetParameter(_PARAMETER_PITCH, pitch, 0)


class _EventId(ctypes.Union):
    _fields_: ClassVar = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    """`espeak_EVENT` of speak_lib.h; `text_position` counts characters from 1, `audio_position` is in ms."""

    _fields_: ClassVar = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    ]


_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


def _words(events: "ctypes._Pointer[_Event]") -> tuple[WordStart, ...]:
    words = []
    index = 0
    while events[index].type != _EVENT_LIST_TERMINATED:
        if events[index].type == _EVENT_WORD:
            words.append(WordStart(events[index].text_position - 1, events[index].audio_position))
        index += 1
    return tuple(words)
