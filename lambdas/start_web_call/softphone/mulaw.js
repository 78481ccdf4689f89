// @ts-check
/**
 * G.711 mu-law (ITU-T G.711, table 2): 16-bit linear samples to bytes and back.
 *
 * The byte is the complement of sign, 3-bit segment and 4-bit step; 0xFF is silence.
 */

/** What a silent 8 kHz mu-law byte looks like on the wire. */
export const SILENCE = 0xff;

// The codec works on 14 bits and counts magnitudes from 33; above the clip the last segment would overflow.
const BIAS = 33;
const CLIP = 8158;

const DECODED = decodeTable();

/**
 * @param {number} sample a signed 16-bit sample
 * @returns {number} one mu-law byte, 0..255
 */
export function encodeSample(sample) {
  const scaled = sample >> 2;
  const sign = scaled < 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.abs(scaled), CLIP) + BIAS;
  const segment = 26 - Math.clz32(magnitude);
  const step = (magnitude >> (segment + 1)) & 0x0f;
  return ~(sign | (segment << 4) | step) & 0xff;
}

/**
 * @param {Float32Array} samples full scale is -1..1; louder is clipped
 * @returns {Uint8Array} one byte per sample
 */
export function encode(samples) {
  const bytes = new Uint8Array(samples.length);
  for (let i = 0; i < samples.length; i++) {
    const clipped = Math.max(-1, Math.min(1, samples[i]));
    bytes[i] = encodeSample(Math.round(clipped * 32767));
  }
  return bytes;
}

/**
 * @param {number} byte one mu-law byte
 * @returns {number} a signed 16-bit sample
 */
export function decodeSample(byte) {
  return DECODED[byte];
}

/**
 * @param {Uint8Array} bytes
 * @returns {Float32Array} full scale is -1..1
 */
export function decode(bytes) {
  return Float32Array.from(bytes, (byte) => DECODED[byte] / 32768);
}

function decodeTable() {
  return Int16Array.from({ length: 256 }, (_, byte) => {
    const code = ~byte & 0xff;
    const magnitude = ((((code & 0x0f) << 1) + BIAS) << ((code & 0x70) >> 4)) - BIAS;
    return (code & 0x80 ? -magnitude : magnitude) << 2;
  });
}
