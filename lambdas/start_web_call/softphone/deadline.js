// @ts-check
/** Every wait has an end. */

import { Problem } from "./problems.js";

/**
 * @template T
 * @param {number} timeoutMs
 * @param {Promise<T>} promise
 * @param {ConstructorParameters<typeof Problem>[0]} code the problem when time is up
 * @returns {Promise<T>}
 */
export async function within(timeoutMs, promise, code) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const deadline = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Problem(code)), timeoutMs);
  });
  try {
    return await Promise.race([promise, /** @type {Promise<never>} */ (deadline)]);
  } finally {
    clearTimeout(timer);
  }
}
