// @ts-check
/**
 * What the agent says, from the wire to the device, with Twilio's rules for marks:
 *
 * - a mark comes back when all audio before it has been *played*, the device's own latency included;
 * - at once, if there is none;
 * - and `clear` drops the audio and returns every mark still outstanding, in order.
 *
 * Pure: time is the number of frames read so far, so a worklet, a ScriptProcessor and a test drive the same queue.
 */

import { WIRE_HZ } from "./frame-maker.js";
import { decode } from "./mulaw.js";
import { Resampler } from "./resampler.js";

// Three frames absorb the jitter of a good connection; a known end (a mark) or as much waiting starts sooner.
const START_MS = 60;
// Long enough not to click, too short to be heard as speech.
const FADE_MS = 5;
// A gateway sends about a second ahead. Half a minute means that it does not stop; memory has to.
const QUEUE_MAX_MS = 30_000;
const SLICE_SAMPLES = 160;

/** @typedef {{samples: Float32Array} | {mark: string, latencyMs: number}} Item */

export class PlaybackQueue {
  /** @param {number} deviceHz */
  constructor(deviceHz) {
    this._deviceHz = deviceHz;
    this._resampler = new Resampler(WIRE_HZ, deviceHz);
    this._tailFrames = Math.ceil((this._resampler.delay * deviceHz) / WIRE_HZ);
    /** @type {Item[]} */
    this._items = [];
    this._queuedSamples = 0;
    this._ready = new Float32Array(0);
    this._playedFrames = 0;
    this._audioEndFrame = 0;
    this._waitingSinceFrame = -1;
    this._isPlaying = false;
    this._isTailDue = false;
    /** @type {{name: string, dueFrame: number}[]} */
    this._dueMarks = [];
  }

  /** Milliseconds of audio not yet handed to the device. */
  get queuedMs() {
    return (this._queuedSamples * 1000) / WIRE_HZ + (this._ready.length * 1000) / this._deviceHz;
  }

  /**
   * @param {Uint8Array} bytes mu-law, 8 kHz
   * @returns {boolean} false when the queue is full and the audio was not taken
   */
  pushAudio(bytes) {
    if (((this._queuedSamples + bytes.length) * 1000) / WIRE_HZ > QUEUE_MAX_MS) {
      return false;
    }
    if (this._waitingSinceFrame < 0) {
      this._waitingSinceFrame = this._playedFrames;
    }
    const samples = decode(bytes);
    for (let start = 0; start < samples.length; start += SLICE_SAMPLES) {
      this._items.push({ samples: samples.subarray(start, start + SLICE_SAMPLES) });
    }
    this._queuedSamples += samples.length;
    return true;
  }

  /**
   * @param {string} name
   * @param {number} latencyMs from handing a sample to the device until it sounds
   */
  pushMark(name, latencyMs) {
    this._items.push({ mark: name, latencyMs });
  }

  /** @returns {string[]} the outstanding marks, oldest first */
  clear() {
    const names = this._dueMarks.map((mark) => mark.name);
    for (const item of this._items) {
      if ("mark" in item) {
        names.push(item.mark);
      }
    }
    this._items = [];
    this._queuedSamples = 0;
    this._dueMarks = [];
    this._ready = faded(this._ready, Math.round((FADE_MS * this._deviceHz) / 1000));
    this._audioEndFrame = this._playedFrames + this._ready.length;
    this._stop();
    return names;
  }

  /**
   * Fill `output` with the next frames at the device's rate.
   * @param {Float32Array} output
   * @returns {string[]} the marks that have come due
   */
  read(output) {
    if (!this._isPlaying && this._mayStart()) {
      this._isPlaying = true;
    }
    if (this._isPlaying) {
      this._prepare(output.length);
    }
    const count = Math.min(output.length, this._ready.length);
    output.set(this._ready.subarray(0, count));
    output.fill(0, count);
    this._ready = this._ready.slice(count);
    this._playedFrames += output.length;
    return this._takeDueMarks();
  }

  _mayStart() {
    const waitedMs = ((this._playedFrames - this._waitingSinceFrame) * 1000) / this._deviceHz;
    return (
      (this._queuedSamples * 1000) / WIRE_HZ >= START_MS ||
      this._items.some((item) => "mark" in item) ||
      (this._items.length > 0 && waitedMs >= START_MS)
    );
  }

  /** @param {number} frames */
  _prepare(frames) {
    while (this._items.length > 0 && (this._ready.length < frames || "mark" in this._items[0])) {
      const item = /** @type {Item} */ (this._items.shift());
      if ("mark" in item) {
        const latencyFrames = Math.round((item.latencyMs * this._deviceHz) / 1000);
        this._dueMarks.push({ name: item.mark, dueFrame: this._audioEndFrame + latencyFrames });
      } else {
        this._queuedSamples -= item.samples.length;
        this._append(item.samples);
        this._isTailDue = true;
        this._audioEndFrame = this._playedFrames + this._ready.length + this._tailFrames;
      }
    }
    if (this._ready.length < frames && this._isTailDue) {
      this._append(new Float32Array(this._resampler.delay));
      this._stop();
    } else if (this._ready.length < frames) {
      this._stop();
    }
  }

  /** @param {Float32Array} samples */
  _append(samples) {
    const fresh = this._resampler.process(samples);
    const all = new Float32Array(this._ready.length + fresh.length);
    all.set(this._ready);
    all.set(fresh, this._ready.length);
    this._ready = all;
  }

  _stop() {
    this._resampler.reset();
    this._isPlaying = false;
    this._isTailDue = false;
    this._waitingSinceFrame = -1;
  }

  _takeDueMarks() {
    const names = [];
    while (this._dueMarks.length > 0 && this._dueMarks[0].dueFrame <= this._playedFrames) {
      names.push(/** @type {{name: string}} */ (this._dueMarks.shift()).name);
    }
    return names;
  }
}

/**
 * @param {Float32Array} samples
 * @param {number} frames
 */
function faded(samples, frames) {
  return samples.slice(0, frames).map((sample, i) => sample * (1 - i / frames));
}
