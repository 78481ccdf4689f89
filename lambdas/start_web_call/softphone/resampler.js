// @ts-check
/**
 * Streaming sample-rate conversion between the device's rate and the telephone's 8 kHz.
 *
 * A polyphase windowed-sinc filter. Both ways it passes speech up to 3.4 kHz and stops what lies above
 * 4 kHz by about 60 dB: without it, everything between 4 and 24 kHz would fold back into the voice band.
 */

// Kaiser's formulas for 60 dB and a 600 Hz transition around 3.7 kHz at 8 kHz: 24 zero crossings a side.
const CROSSINGS = 24;
const KAISER_BETA = 5.65;
const CUTOFF = 0.4625;

export class Resampler {
  /**
   * @param {number} fromHz
   * @param {number} toHz
   */
  constructor(fromHz, toHz) {
    const divisor = greatestCommonDivisor(fromHz, toHz);
    this._phases = toHz / divisor;
    this._step = fromHz / divisor;
    this._half = Math.ceil((CROSSINGS * fromHz) / Math.min(fromHz, toHz));
    this._filters = filters(this._phases, this._half, (CUTOFF * Math.min(fromHz, toHz)) / fromHz);
    this._history = new Float32Array(this._half - 1);
    this._phase = 0;
  }

  /** How many input samples must follow a sample before it is fully out. */
  get delay() {
    return this._half;
  }

  /** Forget what came before, as at the start of another sound. */
  reset() {
    this._history = new Float32Array(this._half - 1);
    this._phase = 0;
  }

  /**
   * @param {Float32Array} input any number of samples
   * @returns {Float32Array} the samples that are complete by now
   */
  process(input) {
    const samples = new Float32Array(this._history.length + input.length);
    samples.set(this._history);
    samples.set(input, this._history.length);
    const taps = 2 * this._half;
    const output = [];
    let start = 0;
    while (start + taps <= samples.length) {
      output.push(convolve(this._filters[this._phase], samples, start));
      this._phase += this._step;
      start += Math.floor(this._phase / this._phases);
      this._phase %= this._phases;
    }
    // A jump is shorter than the filter, so `start` never passes the end.
    this._history = samples.slice(start);
    return Float32Array.from(output);
  }
}

/**
 * @param {Float32Array} filter
 * @param {Float32Array} samples
 * @param {number} start
 */
function convolve(filter, samples, start) {
  let sum = 0;
  for (let tap = 0; tap < filter.length; tap++) {
    sum += filter[tap] * samples[start + tap];
  }
  return sum;
}

/**
 * One filter per position between two input samples, each with gain 1 at 0 Hz.
 * @param {number} phases
 * @param {number} half
 * @param {number} cutoff cycles per input sample
 */
function filters(phases, half, cutoff) {
  return Array.from({ length: phases }, (_, phase) => {
    const taps = Float32Array.from({ length: 2 * half }, (__, tap) => {
      const distance = tap - (half - 1) - phase / phases;
      return sinc(2 * cutoff * distance) * kaiser(distance / half);
    });
    const gain = taps.reduce((sum, tap) => sum + tap, 0);
    return taps.map((tap) => tap / gain);
  });
}

/** @param {number} x */
function sinc(x) {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** @param {number} position -1..1, 0 outside */
function kaiser(position) {
  const inside = 1 - position * position;
  return inside <= 0 ? 0 : bessel(KAISER_BETA * Math.sqrt(inside)) / bessel(KAISER_BETA);
}

/**
 * The modified Bessel function of order 0 by its series, which has converged long before 30 terms here.
 * @param {number} x
 */
function bessel(x) {
  let sum = 1;
  let term = 1;
  for (let k = 1; k < 30; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

/**
 * @param {number} a
 * @param {number} b
 * @returns {number}
 */
function greatestCommonDivisor(a, b) {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
