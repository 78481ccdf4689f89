"""An utterance as plain words: lower case, without accents, contractions and hesitations.

Recognisers write as they like; after this step "I can't, uh, log in" and "i cant log in" are the same words.
"""

import re
import unicodedata
from typing import Final

UTTERANCE_CHARS_MAX: Final = 4_000
"""Over four minutes of speech; what lies beyond is not read."""

STOPS: Final = frozenset(".!?;")
PUNCTUATION: Final = STOPS | {",", ":"}

# No nested repetition: the time is linear in the length of the text.
_TOKEN: Final = re.compile(r"[^\W_]+(?:'[^\W_]+)*|[.!?;,:*#]")
_APOSTROPHES: Final = str.maketrans({"’": "'", "‘": "'", "`": "'", "´": "'", "ʼ": "'", "ß": "ss"})

_FILLERS: Final = frozenset(
    "uh uhh uhm um umm erm er hm hmm mm mmm ah ahm eh euh ehm aeh tja please kindly literally".split()
)
# What recognisers write without an apostrophe; "well" and "its" are left to their more usual reading.
_SPELLED: Final = {
    "cannot": "can not", "cant": "can not", "wont": "will not", "dont": "do not", "doesnt": "does not",
    "didnt": "did not", "isnt": "is not", "wasnt": "was not", "arent": "are not", "havent": "have not",
    "hasnt": "has not", "hadnt": "had not", "couldnt": "could not", "wouldnt": "would not", "shouldnt": "should not",
    "im": "i am", "ive": "i have", "id": "i would", "its": "it is", "whats": "what is", "thats": "that is",
    "theres": "there is", "youre": "you are", "wheres": "where is", "hows": "how is", "wanna": "want to", "gonna": "going to",
    "gotta": "got to", "lemme": "let me", "gimme": "give me", "ain't": "is not", "aint": "is not", "can't": "can not",
    "won't": "will not", "shan't": "shall not", "n't": "not", "fibre": "fiber", "licences": "licenses", "licence": "license",
    "cheque": "check", "colour": "color", "programme": "program", "ya": "you", "u": "you", "ok": "okay", "tele": "tv",
    "telly": "tv", "kinda": "kind of", "y'all": "you", "dunno": "do not know", "signup": "sign up", "setup": "set up",
    "login": "log in", "logon": "log in", "logins": "log in", "pls": "", "plz": "", "del": "de",
}  # fmt: skip
_NUMBERS: Final = frozenset("zero oh one two three four five six seven eight nine".split())
_SUFFIXES: Final = {
    "s": "is", "m": "am", "re": "are", "ve": "have", "ll": "will", "d": "would", "t": "not",
}  # fmt: skip
_JOINED: Final = {
    ("wi", "fi"): "wifi", ("why", "fi"): "wifi", ("wife", "i"): "wifi", ("e", "mail"): "email", ("e", "mails"): "emails",
    ("off", "line"): "offline", ("on", "line"): "online", ("pass", "word"): "password", ("hot", "spot"): "hotspot",
    ("voice", "mail"): "voicemail", ("route", "er"): "router", ("no", "body"): "nobody", ("some", "body"): "somebody",
    ("some", "one"): "someone", ("any", "one"): "anyone", ("over", "charged"): "overcharged", ("auto", "pay"): "autopay",
    ("check", "up"): "checkup", ("mo", "dem"): "modem", ("on", "boarding"): "onboarding", ("on", "board"): "onboard",
}  # fmt: skip


def words_of(text: str) -> list[str]:
    """Return the words and punctuation marks of the first `UTTERANCE_CHARS_MAX` characters.

    Contractions are written out, hesitations and the commas around them dropped, a word said twice in a row is kept once.
    """
    words: list[str] = []
    dropped = False
    for piece in _TOKEN.findall(_plain(text[:UTTERANCE_CHARS_MAX])):
        if piece in _FILLERS:
            dropped = True
            if words and words[-1] == ",":
                words.pop()
            continue
        if dropped and piece == ",":
            continue
        dropped = False
        for word in _written_out(piece):
            _append(words, word)
    return words


def _plain(text: str) -> str:
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text.translate(_APOSTROPHES))
        text = "".join(each for each in text if not unicodedata.combining(each))
    return text.casefold().translate(_APOSTROPHES)


def _written_out(piece: str) -> list[str]:
    if piece in _SPELLED:
        return _SPELLED[piece].split()
    if "'" not in piece:
        return [piece]
    head, _, tail = piece.rpartition("'")
    if tail == "t" and head.endswith("n"):
        return [head[:-1], "not"]
    if tail in _SUFFIXES:
        # French writes "t'ai" the other way round, so a tail this short is English.
        return [*head.split("'"), _SUFFIXES[tail]]
    return piece.split("'")


def _append(words: list[str], word: str) -> None:
    if words and (words[-1], word) in _JOINED:
        words[-1] = _JOINED[words[-1], word]
    elif not words or words[-1] != word or word.isdigit() or word in _NUMBERS:
        words.append(word)
