// @ts-check
/** Device samples in, telephone frames out: 20 ms of 8 kHz mu-law, 160 bytes each. */

import { encode } from "./mulaw.js";
import { Resampler } from "./resampler.js";

export const WIRE_HZ = 8000;
export const FRAME_MS = 20;
export const FRAME_SAMPLES = (WIRE_HZ * FRAME_MS) / 1000;

// The meter's floor: quieter than this is a silent room.
const LEVEL_FLOOR_DB = -60;

/** @typedef {{payload: Uint8Array, level: number}} Frame payload: 160 mu-law bytes; level: 0 silent .. 1 full scale */

export class FrameMaker {
  /** @param {number} deviceHz */
  constructor(deviceHz) {
    this._resampler = new Resampler(deviceHz, WIRE_HZ);
    this._pending = new Float32Array(0);
  }

  /**
   * @param {Float32Array} samples mono, at the device's rate
   * @returns {Frame[]} the frames completed by these samples
   */
  push(samples) {
    const fresh = this._resampler.process(samples);
    const all = new Float32Array(this._pending.length + fresh.length);
    all.set(this._pending);
    all.set(fresh, this._pending.length);
    const frames = [];
    let start = 0;
    for (; start + FRAME_SAMPLES <= all.length; start += FRAME_SAMPLES) {
      const frame = all.subarray(start, start + FRAME_SAMPLES);
      frames.push({ payload: encode(frame), level: level(frame) });
    }
    this._pending = all.slice(start);
    return frames;
  }
}

/** @param {Float32Array} samples */
function level(samples) {
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
  const db = 10 * Math.log10(power + 1e-12);
  return Math.max(0, Math.min(1, 1 - db / LEVEL_FLOOR_DB));
}
