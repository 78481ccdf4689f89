// @ts-check
/** The agent's side of the audio: a `PlaybackQueue` in an AudioWorklet, or in a ScriptProcessor where there is none. */

import { PlaybackQueue } from "./playback-queue.js";

const SCRIPT_SAMPLES = 1024;

/**
 * @typedef {object} PlayerListener
 * @property {(name: string) => void} onMark all audio before this mark has been played or cleared
 * @property {() => void} onOverflow far more audio came than can ever be wanted; it was dropped
 */

export class Player {
  /**
   * @param {AudioContext} context
   * @param {{hasWorklet: boolean, listener: PlayerListener}} options
   */
  constructor(context, { hasWorklet, listener }) {
    this._context = context;
    this._queue = hasWorklet ? workletQueue(context, listener) : scriptQueue(context, listener);
    this._queue.node.connect(context.destination);
  }

  /** @param {Uint8Array} bytes mu-law, 8 kHz */
  play(bytes) {
    this._queue.order({ kind: "audio", bytes });
  }

  /** @param {string} name */
  mark(name) {
    // Safari knows no output latency; its base latency is the better part of it.
    const latencyS = this._context.outputLatency || this._context.baseLatency || 0;
    this._queue.order({ kind: "mark", name, latencyMs: latencyS * 1000 });
  }

  clear() {
    this._queue.order({ kind: "clear" });
  }

  close() {
    this._queue.order({ kind: "close" });
    this._queue.node.disconnect();
  }
}

/**
 * @param {AudioContext} context
 * @param {PlayerListener} listener
 */
function workletQueue(context, listener) {
  const node = new AudioWorkletNode(context, "playback", { numberOfInputs: 0, outputChannelCount: [1] });
  node.port.onmessage = (message) => {
    if (message.data.kind === "mark") {
      listener.onMark(message.data.name);
    } else {
      listener.onOverflow();
    }
  };
  return { node, order: (/** @type {object} */ order) => node.port.postMessage(order) };
}

/**
 * @param {AudioContext} context
 * @param {PlayerListener} listener
 */
function scriptQueue(context, listener) {
  const queue = new PlaybackQueue(context.sampleRate);
  const node = context.createScriptProcessor(SCRIPT_SAMPLES, 1, 1);
  node.onaudioprocess = (event) => queue.read(event.outputBuffer.getChannelData(0)).forEach(listener.onMark);
  const order = (/** @type {any} */ { kind, bytes, name, latencyMs }) => {
    if (kind === "audio" && !queue.pushAudio(bytes)) {
      listener.onOverflow();
    } else if (kind === "mark") {
      queue.pushMark(name, latencyMs);
    } else if (kind === "clear") {
      queue.clear().forEach(listener.onMark);
    } else if (kind === "close") {
      node.onaudioprocess = null;
    }
  };
  return { node, order };
}
