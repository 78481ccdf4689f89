// @ts-check
/** Base64 (RFC 4648) of short byte strings: one 20 ms frame, or the few seconds a gateway may send at once. */

/**
 * @param {Uint8Array} bytes
 * @returns {string}
 */
export function toBase64(bytes) {
  let binary = "";
  for (const byte of bytes) {
    binary += String.fromCharCode(byte);
  }
  return btoa(binary);
}

/**
 * @param {string} text
 * @returns {Uint8Array}
 * @throws {DOMException} when the text is not base64
 */
export function fromBase64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
