// @ts-check
/**
 * The media WebSocket. The page plays Twilio's part towards the gateway (docs/web-protocol.md):
 * JSON text messages, every scalar a string, `connected` and `start` first, `stop` last.
 */

import { fromBase64, toBase64 } from "./base64.js";
import { FRAME_MS } from "./frame-maker.js";

// Some four seconds of frames that the network did not take: whoever is on the line is gone.
const UNSENT_MAX_BYTES = 64 * 1024;
const NORMAL_CLOSURE = 1000;

/** @typedef {{streamUrl: string, callSid: string, accountSid: string, streamSid: string, token: string}} Ticket */
/**
 * One piece of a turn. `id` names the piece; `cut`: an interruption left it at `text`.
 * @typedef {{turn: number, speaker: "caller" | "agent", text: string, final: boolean, id?: number, cut?: boolean}} Transcript
 */
/** @typedef {{number: number, latencyMs: number, parts: Record<string, number>}} Turn */
/** @typedef {{code: string, text: string}} Notice */
/** @typedef {"listening" | "thinking" | "speaking" | "ended"} AgentState */

/**
 * What the other side of the socket may tell. `onReady`: the socket is open and `start` is sent.
 * `onClose`: it is closed, exactly once, whoever closed it.
 * @typedef {object} Listener
 * @property {() => void} onReady
 * @property {(bytes: Uint8Array) => void} onAudio
 * @property {(name: string) => void} onMark
 * @property {() => void} onClear
 * @property {(transcript: Transcript) => void} onTranscript
 * @property {(state: AgentState) => void} onState
 * @property {(turn: Turn) => void} onTurn
 * @property {(notice: Notice) => void} onNotice
 * @property {(closing: {code: number, wasOpen: boolean}) => void} onClose
 */

export class Transport {
  /**
   * @param {Ticket} ticket
   * @param {Listener} listener
   */
  constructor(ticket, listener) {
    this._ticket = ticket;
    this._listener = listener;
    this._sequence = 0;
    this._chunk = 0;
    this._wasOpen = false;
    this._isClosed = false;
    this._socket = new WebSocket(ticket.streamUrl);
    this._socket.onopen = () => this._start();
    this._socket.onmessage = (message) => this._receive(message.data);
    this._socket.onclose = (event) => this._closed(event.code);
  }

  /** @param {Uint8Array} payload one 20 ms frame of 160 mu-law bytes */
  sendFrame(payload) {
    if (!this._isOpen) {
      return;
    }
    if (this._socket.bufferedAmount > UNSENT_MAX_BYTES) {
      this.abandon();
      return;
    }
    const chunk = ++this._chunk;
    const timestamp = String((chunk - 1) * FRAME_MS);
    const media = { track: "inbound", chunk: String(chunk), timestamp, payload: toBase64(payload) };
    this._sendNumbered("media", { media });
  }

  /** @param {string} name */
  sendMark(name) {
    this._sendNumbered("mark", { mark: { name } });
  }

  /** @param {string} digit 0-9 * # */
  sendDigit(digit) {
    this._sendNumbered("dtmf", { dtmf: { track: "inbound_track", digit } });
  }

  /** @param {string} text what the caller typed instead of saying it */
  sendText(text) {
    this._send({ event: "text", streamSid: this._ticket.streamSid, text });
  }

  /** The caller hangs up. */
  stop() {
    const { accountSid, callSid } = this._ticket;
    this._sendNumbered("stop", { stop: { accountSid, callSid } });
    this._socket.close(NORMAL_CLOSURE);
  }

  /** Give the connection up for lost, without waiting for a peer that no longer answers. */
  abandon() {
    this._socket.close();
    this._closed(1006);
  }

  get _isOpen() {
    return !this._isClosed && this._socket.readyState === WebSocket.OPEN;
  }

  _start() {
    const { streamSid, callSid, accountSid, token } = this._ticket;
    this._wasOpen = true;
    this._send({ event: "connected", protocol: "Call", version: "1.0.0" });
    this._sendNumbered("start", {
      start: {
        streamSid,
        accountSid,
        callSid,
        tracks: ["inbound"],
        mediaFormat: { encoding: "audio/x-mulaw", sampleRate: 8000, channels: 1 },
        customParameters: { token, channel: "web" },
      },
    });
    this._listener.onReady();
  }

  /**
   * @param {string} event
   * @param {object} body
   */
  _sendNumbered(event, body) {
    if (this._isOpen) {
      const sequenceNumber = String(++this._sequence);
      this._send({ event, sequenceNumber, streamSid: this._ticket.streamSid, ...body });
    }
  }

  /** @param {object} message */
  _send(message) {
    if (this._isOpen) {
      this._socket.send(JSON.stringify(message));
    }
  }

  /** @param {unknown} data */
  _receive(data) {
    const message = this._isClosed ? null : parsed(data);
    switch (message?.event) {
      case "media":
        return this._listener.onAudio(fromBase64(message.media.payload));
      case "mark":
        return this._listener.onMark(message.mark.name);
      case "clear":
        return this._listener.onClear();
      case "transcript":
        return this._listener.onTranscript(message.transcript);
      case "state":
        return this._listener.onState(message.state);
      case "turn":
        return this._listener.onTurn(message.turn);
      case "notice":
        return this._listener.onNotice(message.notice);
    }
  }

  /** @param {number} code */
  _closed(code) {
    if (!this._isClosed) {
      this._isClosed = true;
      this._listener.onClose({ code, wasOpen: this._wasOpen });
    }
  }
}

/**
 * A message that is no JSON text is ignored like an unknown one: the audio that follows is worth more.
 * @param {unknown} data
 * @returns {any}
 */
function parsed(data) {
  try {
    return typeof data === "string" ? JSON.parse(data) : null;
  } catch {
    return null;
  }
}
