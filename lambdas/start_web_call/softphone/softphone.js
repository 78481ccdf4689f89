// @ts-check
/**
 * One softphone: places a call in four visible stages, keeps it, and says what broke it.
 *
 * microphone -> token -> socket -> answer. A line that breaks is retried a bounded number of times as a
 * new call with the microphone kept open; a refusal is not.
 */

import { within } from "./deadline.js";
import { openLine } from "./line.js";
import { Problem } from "./problems.js";
import { explainClosedDoor, requestTicket } from "./ticket.js";
import { Transport } from "./transport.js";

const SOCKET_MS = 5_000;
const ANSWER_MS = 10_000;
// Seven seconds in all: a change of network or a restart of the gateway; after that a person decides.
const RETRY_DELAYS_MS = [1_000, 2_000, 4_000];

// WebSocket close codes (RFC 6455, section 7.4.1; 1013 is in IANA's registry).
const NORMAL_CLOSURE = 1000;
const TRY_AGAIN_LATER = 1013;
const REFUSALS = [1002, 1003, 1007, 1008, 1009];

/** @typedef {"idle" | "connecting" | "in-call" | "waiting" | "ended" | "failed"} Phase waiting: for another try */
/** @typedef {"microphone" | "token" | "socket" | "answer"} Stage */

/**
 * @typedef {object} View
 * @property {(phase: Phase) => void} showPhase
 * @property {() => void} resetStages
 * @property {(stage: Stage, status: "running" | "done" | "failed" | "skipped") => void} showStage
 * @property {(problem: Problem, retry: {attempt: number, attemptsMax: number} | null) => void} showProblem
 * @property {() => void} hideProblem
 * @property {(text: string) => void} showNote
 * @property {(level: number) => void} showLevel
 * @property {(state: import("./transport.js").AgentState) => void} showAgentState
 * @property {(transcript: import("./transport.js").Transcript) => void} showTranscript
 * @property {(turn: import("./transport.js").Turn) => void} showTurn
 * @property {() => void} startConversation
 */

export class Softphone {
  /** @param {View} view */
  constructor(view) {
    this._view = view;
    this._phase = /** @type {Phase} */ ("idle");
    this._isMuted = false;
    this._attempt = 0;
    this._hangUpSignal = new AbortController();
    /** @type {import("./line.js").Line | null} */
    this._line = null;
    /** @type {Transport | null} */
    this._transport = null;
    addEventListener("offline", () => this._transport?.abandon());
    addEventListener("pagehide", () => this.hangUp());
  }

  /** @returns {boolean} whether a call is on, being placed or about to be retried */
  get isBusy() {
    return !["idle", "ended", "failed"].includes(this._phase);
  }

  /** @param {{withMicrophone: boolean}} options false: the caller types, and hears the agent */
  async call({ withMicrophone }) {
    this._withMicrophone = withMicrophone;
    this._attempt = 0;
    await this._place();
  }

  /** Try again now, be it during the automatic retries or after them. */
  async reconnect() {
    await this.call({ withMicrophone: this._withMicrophone ?? true });
  }

  hangUp() {
    if (this.isBusy) {
      this._hangUpSignal.abort();
      this._transport?.stop();
      this._finish("ended");
      this._view.hideProblem();
    }
  }

  /** @param {boolean} isMuted */
  setMuted(isMuted) {
    this._isMuted = isMuted;
    this._line?.microphone.setMuted(isMuted);
  }

  /** @param {string} digit */
  pressDigit(digit) {
    this._transport?.sendDigit(digit);
  }

  /** @param {string} text */
  sendText(text) {
    this._transport?.sendText(text);
  }

  async _place() {
    this._hangUpSignal.abort();
    this._hangUpSignal = new AbortController();
    const signal = this._hangUpSignal.signal;
    this._agentEnded = false;
    this._show("connecting");
    this._view.resetStages();
    if (this._attempt === 0) {
      this._view.hideProblem();
    }
    try {
      this._line ??= await this._stage("microphone", signal, () => this._openLine(signal));
      this._view.showStage("microphone", this._line.microphone.isReal ? "done" : "skipped");
      const ticket = await this._stage("token", signal, () => requestTicket(signal));
      const { answered } = await this._stage("socket", signal, () => this._connect(ticket, signal));
      await this._stage("answer", signal, () => within(ANSWER_MS, answered, "answer-timeout"));
    } catch (error) {
      if (!signal.aborted) {
        this._fail(error instanceof Problem ? error : unexpected(error));
      }
      return;
    }
    this._attempt = 0;
    this._view.hideProblem();
    this._show("in-call");
  }

  /**
   * @template T
   * @param {Stage} name
   * @param {AbortSignal} signal
   * @param {() => Promise<T>} run
   * @returns {Promise<T>}
   */
  async _stage(name, signal, run) {
    this._view.showStage(name, "running");
    try {
      const result = await run();
      signal.throwIfAborted();
      this._view.showStage(name, "done");
      return result;
    } catch (error) {
      if (!signal.aborted) {
        this._view.showStage(name, "failed");
      }
      throw error;
    }
  }

  /** @param {AbortSignal} signal */
  async _openLine(signal) {
    const line = await openLine({
      withMicrophone: this._withMicrophone ?? true,
      onFrame: ({ payload, level }) => {
        this._transport?.sendFrame(payload);
        this._view.showLevel(this._isMuted ? 0 : level);
      },
      listener: {
        onMark: (name) => this._transport?.sendMark(name),
        onOverflow: () => this._fail(new Problem("audio-overflow")),
      },
    });
    if (signal.aborted) {
      line.close();
      signal.throwIfAborted();
    }
    line.microphone.setMuted(this._isMuted);
    line.microphone.onLost(() => this._view.showNote("The microphone was disconnected. You can go on by typing."));
    if (!line.hasWorklet) {
      this._view.showNote("This browser has no AudioWorklet here: an older audio path is used, a little later in time.");
    }
    return line;
  }

  /**
   * @param {import("./transport.js").Ticket} ticket
   * @param {AbortSignal} signal
   * @returns {Promise<{answered: Promise<void>}>} once the socket is open; `answered`: the gateway has spoken
   */
  async _connect(ticket, signal) {
    /** @type {(problem: Problem) => void} */
    let refuse = () => undefined;
    /** @type {() => void} */
    let answer = () => undefined;
    /** @type {Promise<void>} */
    const answered = new Promise((resolve, reject) => {
      answer = resolve;
      refuse = reject;
    });
    // Nobody awaits it yet while the socket is being opened.
    answered.catch(() => undefined);
    /** @type {Promise<void>} */
    const ready = new Promise((resolve, reject) => {
      this._transport = new Transport(ticket, {
        ...this._agentListener(() => answer()),
        onReady: resolve,
        onClose: ({ code, wasOpen }) => {
          const problem = problemOf(code);
          if (wasOpen) {
            refuse(problem);
          } else {
            void explainClosedDoor().then(reject);
          }
          if (!signal.aborted) {
            this._lose(code, problem);
          }
        },
      });
    });
    await within(SOCKET_MS, ready, "socket-failed");
    this._view.startConversation();
    return { answered };
  }

  /**
   * @param {() => void} heard whatever the gateway sends first is its answer
   */
  _agentListener(heard) {
    /** @type {<T>(handle: (value: T) => void) => (value: T) => void} */
    const after = (handle) => (value) => {
      heard();
      handle(value);
    };
    const player = this._line?.player;
    return {
      onAudio: after((/** @type {Uint8Array} */ bytes) => player?.play(bytes)),
      onMark: after((/** @type {string} */ name) => player?.mark(name)),
      onClear: () => player?.clear(),
      onTranscript: after(this._view.showTranscript),
      onTurn: after(this._view.showTurn),
      onNotice: after((/** @type {import("./transport.js").Notice} */ notice) => this._view.showNote(notice.text)),
      onState: after((/** @type {import("./transport.js").AgentState} */ state) => {
        this._agentEnded = state === "ended";
        this._view.showAgentState(state);
      }),
    };
  }

  /**
   * The socket closed during the call. Before the answer, the stage that waits for it reports the problem.
   * @param {number} code
   * @param {Problem} problem
   */
  _lose(code, problem) {
    this._transport = null;
    if (this._phase !== "in-call") {
      return;
    }
    if (code === NORMAL_CLOSURE || this._agentEnded) {
      this._finish("ended");
    } else {
      this._fail(problem);
    }
  }

  /** @param {Problem} problem */
  _fail(problem) {
    this._hangUpSignal.abort();
    this._transport?.abandon();
    const delayMs = RETRY_DELAYS_MS[this._attempt];
    const isRetried = problem.mayPass && delayMs !== undefined && this._wasConnected;
    if (!isRetried || !this._line) {
      this._finish("failed");
      this._view.showProblem(problem, null);
      return;
    }
    this._attempt += 1;
    this._transport = null;
    this._line.player.clear();
    this._show("waiting");
    this._view.showProblem(problem, { attempt: this._attempt, attemptsMax: RETRY_DELAYS_MS.length });
    const waiting = (this._hangUpSignal = new AbortController());
    setTimeout(() => waiting.signal.aborted || void this._place(), delayMs);
  }

  /** @param {Phase} phase */
  _show(phase) {
    this._phase = phase;
    this._wasConnected = phase === "in-call" || (this._wasConnected && this.isBusy);
    this._view.showPhase(phase);
  }

  /** @param {Phase} phase */
  _finish(phase) {
    this._line?.close();
    this._line = null;
    this._transport = null;
    this._view.showLevel(0);
    this._show(phase);
  }
}

/** @param {number} code how an open socket was closed */
function problemOf(code) {
  if (code === TRY_AGAIN_LATER) {
    return new Problem("server-busy");
  }
  return new Problem(REFUSALS.includes(code) ? "call-refused" : "connection-lost");
}

/** @param {unknown} error a fault of this page; the console keeps the trace */
function unexpected(error) {
  console.error(error);
  return new Problem("page-failed", String(error));
}
