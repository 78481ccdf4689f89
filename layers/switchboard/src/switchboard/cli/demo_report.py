"""The demo call told as a script, with its times, and judged: what must be true of a good call."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from switchboard.cli.phone import Phone

FIRST_AUDIO_MS_MAX = 1500
BARGE_IN_MS_MAX = 500
TURNS_MIN = 4


@dataclass
class Report:
    """Everything known about one demo call; `failures` is empty when it went as it must."""

    call_id: str
    out_dir: Path
    keys_ms: list[int] = field(default_factory=list)
    spoken_ms: list[tuple[int, Any]] = field(default_factory=list)
    finished_ms: list[int] = field(default_factory=list)
    next_verbs: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    script: list[tuple[int, str, str]] = field(default_factory=list)
    turns: list[dict[str, int]] = field(default_factory=list)
    barge_ins_ms: list[int] = field(default_factory=list)
    seconds: float = 0.0
    marks: int = 0
    _says: dict[int, str] = field(default_factory=dict)
    _heard: dict[int, int] = field(default_factory=dict)
    _agent_lines: dict[int, int] = field(default_factory=dict)
    """Utterances in the script, by their place in it."""

    @property
    def recording(self) -> Path:
        """The stereo recording as heard at the telephone: caller left, agent right."""
        return self.out_dir / "call.wav"

    @property
    def journal(self) -> Path:
        """The gateway's journal of this call."""
        return self.out_dir / "journal" / f"{self.call_id}-1.jsonl"

    def judge_phone(self, phone: "Phone") -> None:
        """Check what the telephone heard."""
        self.seconds = len(phone.agent_track) / 8000
        self.marks = phone.heard.marks
        self.failures += phone.heard.problems
        for start_ms, line in self.spoken_ms:
            if line.interrupts:
                later = [clear - start_ms for clear in phone.heard.clears_ms if clear >= start_ms]
                self.barge_ins_ms += later[:1]
        self._must(len(self.barge_ins_ms) == 1, "the barge-in must be answered by a clear")
        self._must(
            all(ms <= BARGE_IN_MS_MAX for ms in self.barge_ins_ms),
            f"barge-in to clear took {self.barge_ins_ms} ms, more than {BARGE_IN_MS_MAX}",
        )
        self._must(
            self.next_verbs == ["Say", "Dial"],
            f"after key 0 the platform must announce and dial a person, but it answered {self.next_verbs}",
        )

    def read_journal(self) -> None:
        """Tell the call from the gateway's side, and check it."""
        lines = [json.loads(line) for line in self.journal.read_text().splitlines()]
        start_ms = next(line["ms"] for line in lines if "ms" in line)
        for line in lines:
            at_ms = line.get("ms", start_ms) - start_ms
            if "turn" in line:
                self.turns.append(line["turn"])
                self._tell_turn(at_ms, line["turn"])
            elif "action" in line:
                self._action(at_ms, line["action"])
            elif "event" in line:
                self._event(at_ms, line["event"])
            elif "history" in line:
                self._check_memory(line["history"])
        self._must(
            len(self.turns) >= TURNS_MIN, f"{len(self.turns)} turns were answered, fewer than {TURNS_MIN}"
        )
        slow = [turn["latencyMs"] for turn in self.turns if turn["latencyMs"] > FIRST_AUDIO_MS_MAX]
        self._must(not slow, f"first audio took {slow} ms, more than {FIRST_AUDIO_MS_MAX}")

    def _event(self, at_ms: int, event: dict[str, Any]) -> None:
        match event["type"]:
            case "TranscriptFinalized" if event["text"]:
                self.script.append((at_ms, "caller", event["text"]))
            case "DigitPressed":
                self.script.append((at_ms, "caller", f"[presses {event['digit']}]"))
            case "PlaybackStarted":
                self._agent_lines[event["say_id"]] = len(self.script)
                self.script.append((at_ms, "agent", self._says[event["say_id"]]))
            case "PlaybackProgressed":
                self._heard[event["say_id"]] = event["heard_chars"]
            case "PlaybackFinished":
                self._heard[event["say_id"]] = len(self._says[event["say_id"]])
            case "ToolCallFinished":
                self.script.append((at_ms, "", f"tool answered: {event['content'][:90]}"))

    def _action(self, at_ms: int, action: dict[str, Any]) -> None:
        match action["type"]:
            case "Say":
                self._says[action["say_id"]] = action["text"]
            case "StopPlayback":
                self._tell_cuts()
                self.script.append((at_ms, "", "agent stops: the caller has the floor"))
            case "CallTool":
                call = action["call"]
                self.script.append((at_ms, "", f"tool {call['name']}({json.dumps(call['arguments'])})"))
            case "Transfer":
                self.script.append((at_ms, "", f"transfer to a person: {action['reason']}"))

    def _tell_turn(self, at_ms: int, turn: dict[str, int]) -> None:
        self.script.append(
            (
                at_ms,
                "",
                f"first audio {turn['latencyMs']} ms after the caller stopped = end of turn {turn['endpointingMs']}"
                f" + model {turn['generationMs']} + voice {turn['synthesisMs']}"
                + (" (model asked ahead)" if turn["speculative"] else ""),
            )
        )

    def _tell_cuts(self) -> None:
        """Show of each utterance under way only what was heard."""
        for say_id, index in self._agent_lines.items():
            text, heard_chars = self._says[say_id], self._heard.get(say_id, 0)
            if heard_chars < len(text):
                at_ms, who, _ = self.script[index]
                self.script[index] = (
                    at_ms,
                    who,
                    f"{text[:heard_chars]} --[cut: {text[heard_chars:].strip()}]",
                )

    def _check_memory(self, history: list[dict[str, Any]]) -> None:
        """The dialogue memory must not hold a word that was not heard: it is contained, in order, in what was."""
        heard = iter(
            " ".join(text[: self._heard.get(say_id, 0)] for say_id, text in self._says.items()).split()
        )
        for message in history:
            if message["role"] == "assistant":
                unheard = [word for word in message.get("text", "").split() if word not in heard]
                self._must(not unheard, f"the memory holds words that the caller did not hear: {unheard[:8]}")

    def _must(self, met: bool, otherwise: str) -> None:
        if not met:
            self.failures.append(otherwise)


def print_report(report: Report) -> None:
    """Tell the call."""
    print()
    for at_ms, who, text in sorted(report.script, key=lambda entry: entry[0]):
        print(f"{at_ms / 1000:7.2f}  {who or '·':>6}  {text}")
    print()
    latencies = sorted(turn["latencyMs"] for turn in report.turns)
    if latencies:
        print(
            f"first audio    {latencies[len(latencies) // 2]} ms median, {latencies[-1]} ms worst of {len(latencies)} turns"
        )
    for ms in report.barge_ins_ms:
        print(f"barge-in       caller's first sample -> clear {ms} ms")
    print(f"after key 0    {' + '.join(report.next_verbs) or 'nothing'}")
    print(f"call           {report.seconds:.1f} s, {report.marks} marks echoed")
    print(f"recording      {report.recording}  (stereo: caller left, agent right)")
    print(f"journal        {report.journal}")
    print(f"logs           {report.out_dir / 'logs'}/")
    for failure in report.failures:
        print(f"FAILED         {failure}")
    print("The call went as it must." if not report.failures else "The call did not go as it must.")
