// @ts-check
/** The audio thread's half of the player: a `PlaybackQueue` fed by messages; posts marks back. */

import { PlaybackQueue } from "./playback-queue.js";

class Playback extends AudioWorkletProcessor {
  constructor() {
    super();
    this._queue = new PlaybackQueue(sampleRate);
    this._isOpen = true;
    this.port.onmessage = (message) => this._receive(message.data);
  }

  /** @param {{kind: string, bytes: Uint8Array, name: string, latencyMs: number}} order */
  _receive(order) {
    switch (order.kind) {
      case "audio":
        if (!this._queue.pushAudio(order.bytes)) {
          this.port.postMessage({ kind: "overflow" });
        }
        break;
      case "mark":
        this._queue.pushMark(order.name, order.latencyMs);
        break;
      case "clear":
        this._postMarks(this._queue.clear());
        break;
      case "close":
        this._isOpen = false;
        break;
    }
  }

  /**
   * @param {Float32Array[][]} _inputs
   * @param {Float32Array[][]} outputs
   */
  process(_inputs, outputs) {
    const [first, ...others] = outputs[0];
    this._postMarks(this._queue.read(first));
    for (const channel of others) {
      channel.set(first);
    }
    return this._isOpen;
  }

  /** @param {string[]} names */
  _postMarks(names) {
    for (const name of names) {
      this.port.postMessage({ kind: "mark", name });
    }
  }
}

registerProcessor("playback", Playback);
