"""A simulated call as a script a person can read: who said what when, and what went wrong around it."""

from collections.abc import Iterator
from itertools import pairwise

from switchboard.conversation import actions as act
from switchboard.conversation import events as ev
from switchboard.domain.messages import Message
from tests.simulation import observations as seen
from tests.simulation.world import World


def lines(world: World, *, verbose: bool = False) -> Iterator[str]:
    """The whole call, one line each."""
    for at_ms, who, what in sorted(_moments(world, verbose=verbose), key=lambda moment: moment[0]):
        yield f"{at_ms / 1000:8.3f}  {who:<9}{what}"


def _moments(world: World, *, verbose: bool) -> Iterator[tuple[int, str, str]]:
    texts: dict[tuple[int, int], str] = {}
    begun: set[tuple[int, int]] = set()
    for at_ms, fence, event, actions in world.trace:
        for action in actions:
            if isinstance(action, act.Say):
                texts[fence, action.say_id] = action.text
            told = _action(action)
            if told:
                yield at_ms, "  core", told
        told = _event(event)
        if told and (verbose or not isinstance(event, ev.GenerationProgressed | ev.TranscriptUpdated)):
            yield at_ms, "  told", told
    for at_ms, note in world.notes:
        match note:
            case seen.Sounded() if (note.fence, note.say_id) not in begun:
                begun.add((note.fence, note.say_id))
                text = texts.get((note.fence, note.say_id), "?")
                yield note.start_ms, "AGENT", f"{text}  [{note.say_id}]"
            case seen.CallerSpoke():
                length_s = (note.end_ms - at_ms) / 1000
                yield at_ms, "CALLER", f"{note.words or '*noise*'}  ({note.manner}, {length_s:.1f} s)"
            case seen.Cleared():
                yield note.cut_ms, "line", "the agent falls silent"
            case seen.SocketLost():
                yield at_ms, "line", f"socket lost{' (the old task lives on)' if note.half_open else ''}"
            case seen.Claimed():
                yield at_ms, "line", f"owner {note.fence} {'resumes' if note.resumed else 'begins'}"
            case seen.AudioRefused() | seen.SaveRefused():
                yield at_ms, "line", f"{type(note).__name__} from stale owner {note.fence}"
            case seen.CallFinished():
                yield at_ms, "line", f"call over: {note.disposition}"


def _event(event: object) -> str:
    match event:
        case ev.PlaybackStarted() | ev.PlaybackProgressed() | seen.TimePassed() | ev.ConversationStarted():
            return ""
        case ev.TranscriptFinalized():
            flushed = ", flushed" if event.flushed else ""
            return f"final {event.text!r} ({event.confidence:.2f}{flushed})"
        case ev.TranscriptUpdated():
            return f"interim {event.text!r}"
        case ev.DigitPressed():
            return f"key {event.digit}"
        case ev.GenerationProgressed():
            return f"token {event.text!r} of {event.generation_id}"
    return str(event)


def _action(action: act.AnyAction) -> str:
    match action:
        case act.Say():
            how = " urgent" if action.urgent else " fixed" if action.fixed else ""
            return f"Say[{action.say_id}{how}] {action.text!r}"
        case act.Generate():
            last: Message | None = action.messages[-1] if action.messages else None
            how = " speculative" if action.speculative else ""
            return f"Generate[{action.generation_id}{how}] after {(last.text or 'tool results') if last else 'nothing'!r}"
        case act.SaveCheckpoint():
            return ""
    return str(action)


def latencies(world: World) -> list[str]:
    """Per turn: the end of the caller's voice (or the key) -> the next sound of the agent."""
    ends = [note.end_ms for _, note in world.notes if isinstance(note, seen.CallerSpoke) and note.words]
    ends += [at_ms for at_ms, _, event, _ in world.trace if isinstance(event, ev.DigitPressed)]
    sounds = sorted(note.start_ms for _, note in world.notes if isinstance(note, seen.Sounded))
    turns = []
    for end_ms, following in pairwise([*sorted(ends), world.now_ms]):
        heard = next((start for start in sounds if start >= end_ms), None)
        if heard is not None and heard <= following:
            turns.append(f"{heard - end_ms} ms")
    return [f"caller silent -> agent heard: {', '.join(turns)}"] if turns else []
