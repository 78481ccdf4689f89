"""Words out of one stretch of telephone audio, by pocketsphinx with a grammar and a competing loop of phones.

Three things make telephone audio fit a model of 16 kHz speech: the level is made even, a floor of white noise fills the
empty upper half of the band, and the cepstral mean is that of the utterance.

Speech outside the grammar is always forced onto some sentence of the grammar. It is told apart by the loop of phones, which fits
any speech: the worse the grammar's path scores against the loop's, the less was it what the caller said.
"""

import math
from pathlib import Path
from typing import Final

import numpy as np
import pocketsphinx
import soxr
from msgspec import Struct
from numpy.typing import NDArray

from switchboard.adapters.embedded import grammar
from switchboard.media import mulaw

DATA: Final = Path(__file__).parent / "data"
BLOCK_BYTES: Final = 2 * 16 * 40
"""40 ms of 16 kHz audio. pocketsphinx holds the interpreter lock while it works on what it is given, some 2 ms for this
much; more would show as jitter in the audio of every call of the process."""

_GRAMMAR: Final = "grammar"
_PHONES: Final = "phones"
_PHONE_PREFIX: Final = "+"
_PHONE_NAMES: Final = (
    "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z ZH"
).split()
_NOISE_SIGMA: Final = 50.0
_LEVEL_RMS: Final = 1200.0
_GAIN_MAX: Final = 8.0  # so that a hum is not raised to the level of speech
_PADDING_SAMPLES: Final = 150 * mulaw.SAMPLES_PER_MS  # the models expect a little silence around speech
_TRIM_FRAME_SAMPLES: Final = 10 * mulaw.SAMPLES_PER_MS
_TRIM_LEVEL: Final = 0.02  # of the loudest frame, -34 dB: fricatives are louder
_TRIM_LEAD_FRAMES: Final = 2
_TRIM_TAIL_FRAMES: Final = 12
_NOISE_SEED: Final = 1  # the same audio gives the same words
_FRAMES_PER_S: Final = 100
_PADDING_FRAMES: Final = 2 * 15
_CMN_START_FRAMES: Final = 500
_CMN_FULL_FRAMES: Final = 800
_MEAN_PRIOR_FRAMES: Final = 120
# Of audio prepared as below, over synthetic callers of both sexes.
_CEPSTRAL_MEAN: Final = np.array(
    [51.59, 3.38, -6.58, 15.86, -5.46, -5.45, 0.86, -16.22, -5.33, -2.35, -0.88, 1.32, -5.91]
)
_SCORE_SCALE: Final = 1e4  # pocketsphinx reports scores as powers of its base 1.0001


class Evidence(Struct, frozen=True):
    """What speaks for a recognised text.

    `coverage` is the part of the speech that lies between the text's first word and its last; less than nearly all means
    that nothing in the grammar fits to the end. `path` is the score of the grammar's path less that of the loop's, per
    frame. `words_per_s` is the speaking rate that the text would mean.
    """

    coverage: float
    path: float
    words_per_s: float


class Recognition(Struct, frozen=True):
    """The best sentence of the grammar, blank-separated lower-case words, and what speaks for it; empty without any."""

    text: str = ""
    evidence: Evidence | None = None


class _Word(Struct, frozen=True):
    text: str
    start_frame: int
    end_frame: int  # inclusive
    score: float

    @property
    def frames(self) -> int:
        return 1 + self.end_frame - self.start_frame


class _Path(Struct, frozen=True):
    words: tuple[_Word, ...]
    score: float


class Recognizer:
    """One decoder, about 40 MB; used by one thread at a time."""

    def __init__(self) -> None:
        self._decoder = _new_decoder()

    def recognize(self, audio: bytes) -> Recognition:
        """Recognise a whole utterance of 8 kHz mu-law. Takes about a tenth of its duration."""
        samples = _prepare(audio)
        # The loop goes first: what it leaves is the cepstral mean of this very utterance.
        loop = self._decode(_PHONES, samples, mean=_CEPSTRAL_MEAN)
        said = self._decode(_GRAMMAR, samples, mean=self._mean_of_last())
        if loop is None or said is None or not said.words:
            return Recognition()
        return Recognition(_text(said), _weigh(said, loop))

    def recognize_beginning(self, audio: bytes) -> str:
        """The words so far of an utterance that still goes on."""
        said = self._decode(_GRAMMAR, _prepare(audio), mean=_CEPSTRAL_MEAN, is_whole=False)
        return "" if said is None else _text(said)

    def _decode(
        self, search: str, samples: bytes, *, mean: NDArray[np.float64], is_whole: bool = True
    ) -> _Path | None:
        decoder = self._decoder
        decoder.activate_search(search)
        decoder.set_cmn(",".join(f"{value:.5f}" for value in mean))
        decoder.start_utt()
        try:
            for start in range(0, len(samples), BLOCK_BYTES):
                decoder.process_raw(samples[start : start + BLOCK_BYTES])
            path = None if is_whole else _path(decoder)
        finally:
            decoder.end_utt()
        return _path(decoder) if is_whole else path

    def _mean_of_last(self) -> NDArray[np.float64]:
        """The cepstral mean of the utterance just decoded with `_CEPSTRAL_MEAN`.

        pocketsphinx reports a running mean in which the start value counts as _CMN_START_FRAMES frames and, every time
        _CMN_FULL_FRAMES are together, all before are scaled back to that many (sphinxbase's cmn_live.c).
        """
        reported = np.array([float(value) for value in self._decoder.get_cmn(update=True).split(",")])
        frames = self._decoder.n_frames()
        rounds, rest = divmod(frames, _CMN_FULL_FRAMES - _CMN_START_FRAMES)
        start_share = (
            (_CMN_START_FRAMES / _CMN_FULL_FRAMES) ** rounds * _CMN_START_FRAMES / (_CMN_START_FRAMES + rest)
        )
        measured = (reported - start_share * _CEPSTRAL_MEAN) / (1 - start_share)
        # A single word says too little about the mean.
        prior = _MEAN_PRIOR_FRAMES * _CEPSTRAL_MEAN
        mean: NDArray[np.float64] = (frames * measured + prior) / (frames + _MEAN_PRIOR_FRAMES)
        return mean


def _new_decoder() -> pocketsphinx.Decoder:
    # Beams wider than pocketsphinx's own: with a telephone's narrow band the right words are often not the best
    # ones at first. The lattice pass is off because it may end outside the grammar.
    decoder = pocketsphinx.Decoder(
        lm=None,
        samprate=16000,
        loglevel="FATAL",
        beam=1e-60,
        pbeam=1e-60,
        wbeam=1e-40,
        lw=3.0,
        bestpath=False,
    )
    for line in (DATA / "brightline.dict").read_text(encoding="utf-8").splitlines():
        word, _, phones = line.partition(" ")
        decoder.add_word(word, phones, update=False)
    for phone in _PHONE_NAMES:
        decoder.add_word(_PHONE_PREFIX + phone.lower(), phone, update=False)
    automaton = grammar.load(DATA / "brightline.jsgf")
    end = len(automaton.arcs)
    said = [
        (state, target, 1 / len(arcs), word)
        for state, arcs in enumerate(automaton.arcs)
        for word, target in arcs.items()
    ]
    ends = [(state, end, 1.0) for state in sorted(automaton.accepting)]
    decoder.add_fsg(_GRAMMAR, decoder.create_fsg(_GRAMMAR, 0, end, said + ends))
    loop = [(0, 0, 1 / len(_PHONE_NAMES), _PHONE_PREFIX + phone.lower()) for phone in _PHONE_NAMES]
    decoder.add_fsg(_PHONES, decoder.create_fsg(_PHONES, 0, 1, [*loop, (0, 1, 1.0)]))
    return decoder


def _prepare(audio: bytes) -> bytes:
    """8 kHz mu-law to the 16 kHz samples, little-endian, that the models take."""
    samples = _trim(mulaw.decode(audio).astype(np.float32))
    rms = float(np.sqrt(np.mean(np.square(samples)))) if len(samples) else 0.0
    samples *= min(_LEVEL_RMS / rms, _GAIN_MAX) if rms > 0 else 1.0
    padded = np.pad(samples, _PADDING_SAMPLES)
    wide = soxr.resample(padded, 8000, 16000, quality="MQ")
    wide += np.random.default_rng(_NOISE_SEED).normal(0.0, _NOISE_SIGMA, len(wide)).astype(np.float32)
    return bytes(np.clip(wide, -32768, 32767).astype("<i2").tobytes())


def _trim(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Leave little silence around the speech: how much of the audio a text covers is evidence for or against it."""
    count = len(samples) // _TRIM_FRAME_SAMPLES
    if count == 0:
        return samples
    frames = samples[: count * _TRIM_FRAME_SAMPLES].reshape(count, _TRIM_FRAME_SAMPLES)
    levels = np.sqrt(np.mean(np.square(frames), axis=1))
    loud = np.flatnonzero(levels > _TRIM_LEVEL * levels.max())
    if len(loud) == 0:
        return samples
    start = max(0, int(loud[0]) - _TRIM_LEAD_FRAMES)
    end = int(loud[-1]) + 1 + _TRIM_TAIL_FRAMES
    return samples[start * _TRIM_FRAME_SAMPLES : end * _TRIM_FRAME_SAMPLES]


def _path(decoder: pocketsphinx.Decoder) -> _Path | None:
    hypothesis = decoder.hyp()
    if hypothesis is None:
        return None
    words = tuple(
        _Word(segment.word, segment.start_frame, segment.end_frame, _log(segment.ascore))
        for segment in decoder.seg()
        if not segment.word.startswith(("<", "[", "(", "++"))  # silence, noise, empty moves
    )
    return _Path(words, _log(hypothesis.score))


def _log(score: float) -> float:
    return _SCORE_SCALE * math.log(score) if score > 0 else -math.inf


def _text(path: _Path) -> str:
    # "the(2)" is the second pronunciation of "the".
    return " ".join(word.text.partition("(")[0] for word in path.words)


def _weigh(said: _Path, loop: _Path) -> Evidence:
    frames = 1 + max(word.end_frame for word in (*said.words, *loop.words))
    word_frames = sum(word.frames for word in said.words)
    said_frames = 1 + said.words[-1].end_frame - said.words[0].start_frame
    return Evidence(
        coverage=said_frames / (frames - _PADDING_FRAMES),
        path=(said.score - loop.score) / frames,
        words_per_s=len(said.words) * _FRAMES_PER_S / word_frames,
    )
