// @ts-check
/** Asks the server: for one call (where to connect, and the one-time token that opens it), and whether it takes calls. */

import { Problem } from "./problems.js";

const TIMEOUT_MS = 5_000;
const PROBE_MS = 2_000;

/**
 * @param {AbortSignal} signal the caller hung up
 * @returns {Promise<import("./transport.js").Ticket>}
 * @throws {Problem}
 */
export async function requestTicket(signal) {
  const response = await request(AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]));
  if (!response.ok) {
    throw new Problem(problemOf(response.status));
  }
  return response.json();
}

/**
 * Why a socket did not open: browsers do not tell a page how an upgrade was refused, the readiness probe does.
 * @returns {Promise<Problem>}
 */
export async function explainClosedDoor() {
  try {
    const { status } = await fetch("/ready", { signal: AbortSignal.timeout(PROBE_MS) });
    return new Problem(status === 503 ? "server-busy" : "socket-failed");
  } catch {
    return new Problem("socket-failed");
  }
}

/** @param {AbortSignal} signal */
async function request(signal) {
  try {
    return await fetch("/web/calls", { method: "POST", signal });
  } catch {
    throw new Problem("server-unreachable");
  }
}

/** @param {number} status */
function problemOf(status) {
  switch (status) {
    case 403:
      return "origin-refused";
    case 404:
      return "calls-disabled";
    case 429:
    case 503:
      return "server-busy";
    case 502:
    case 504:
      return "server-unreachable";
    default:
      return "token-failed";
  }
}
