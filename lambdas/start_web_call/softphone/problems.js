// @ts-check
/** Everything that can go wrong, in the caller's words: what failed, why, what to do. */

/** @typedef {"retry" | "type"} Remedy retry: the same again; type: a call without a microphone */
/** @typedef {{title: string, why: string, fix: string, remedies: Remedy[], mayPass?: boolean}} Explanation */

export class Problem extends Error {
  /**
   * @param {keyof typeof EXPLANATIONS} code
   * @param {string} [detail] the server's own words, shown as the reason
   */
  constructor(code, detail) {
    super(code);
    this.code = code;
    this.detail = detail;
  }

  /** @returns {Explanation} */
  get explanation() {
    const explanation = EXPLANATIONS[this.code];
    return this.detail ? { ...explanation, why: this.detail } : explanation;
  }

  /** @returns {boolean} whether trying again unchanged may help: the network, not a decision */
  get mayPass() {
    return this.explanation.mayPass === true;
  }
}

/** @satisfies {Record<string, Explanation>} */
const EXPLANATIONS = {
  "insecure-origin": {
    title: "This address may not use the microphone",
    why: "Browsers hand the microphone only to pages from localhost or over https, and this page came over plain http.",
    fix: "Open it as http://localhost on this machine, or through https. Until then you can type.",
    remedies: ["type"],
  },
  "microphone-denied": {
    title: "The microphone is blocked",
    why: "The browser or the system refused this page access to the microphone.",
    fix: "Allow the microphone in the site settings, left of the address, then try again. Or go on by typing.",
    remedies: ["retry", "type"],
  },
  "microphone-missing": {
    title: "No microphone found",
    why: "The system reports no audio input device.",
    fix: "Connect a microphone or headset and try again. Or go on by typing; you will still hear the agent.",
    remedies: ["retry", "type"],
  },
  "microphone-busy": {
    title: "The microphone cannot be opened",
    why: "The device is there, but it did not start. Another program may be using it.",
    fix: "Close what else uses the microphone and try again. Or go on by typing.",
    remedies: ["retry", "type"],
  },
  "microphone-timeout": {
    title: "No answer about the microphone",
    why: "The browser asked whether this page may use the microphone and got no answer within 30 seconds.",
    fix: "Try again and answer the browser’s question. Or go on by typing.",
    remedies: ["retry", "type"],
  },
  "audio-failed": {
    title: "Sound did not start",
    why: "The browser’s audio output did not open within 5 seconds.",
    fix: "Check that an output device is connected and try again.",
    remedies: ["retry"],
  },
  "calls-disabled": {
    title: "Web calls are switched off",
    why: "This server does not take calls from the browser.",
    fix: "Ask its operator to enable web calls.",
    remedies: [],
  },
  "origin-refused": {
    title: "The server refused this page",
    why: "Calls may only be started from the server’s own page.",
    fix: "Open the page at the server’s own address and try again.",
    remedies: ["retry"],
  },
  "server-busy": {
    title: "All lines are busy",
    why: "The server has as many calls as it can serve well.",
    fix: "Wait a moment and call again.",
    remedies: ["retry"],
  },
  "token-failed": {
    title: "The call could not be set up",
    why: "The server answered the request for a call with an error.",
    fix: "Try again. If it stays, the server’s log says more.",
    remedies: ["retry"],
  },
  "server-unreachable": {
    title: "The server does not answer",
    why: "The request for a call got no answer within 5 seconds.",
    fix: "Check the network and that the server is running (make up), then try again.",
    remedies: ["retry"],
    mayPass: true,
  },
  "socket-failed": {
    title: "No connection to the voice gateway",
    why: "The audio connection could not be opened within 5 seconds. The gateway may be down, or behind a proxy without WebSockets.",
    fix: "Check that the gateway is running, then try again.",
    remedies: ["retry"],
    mayPass: true,
  },
  "answer-timeout": {
    title: "Nobody answered",
    why: "The gateway took the call but sent nothing for 10 seconds.",
    fix: "Try again. If it stays, the gateway’s log says why.",
    remedies: ["retry"],
  },
  "call-refused": {
    title: "The gateway refused the call",
    why: "It did not accept this call’s token. A token serves one call and expires after a short while.",
    fix: "Call again; each call gets a fresh token.",
    remedies: ["retry"],
  },
  "connection-lost": {
    title: "Connection lost",
    why: "The line to the gateway broke.",
    fix: "Reconnect starts a new call; the conversation so far stays on this page.",
    remedies: ["retry"],
    mayPass: true,
  },
  "audio-overflow": {
    title: "The call was ended",
    why: "The gateway sent more than 30 seconds of audio ahead, which no call needs.",
    fix: "Call again. If it stays, the gateway’s log says more.",
    remedies: ["retry"],
  },
  "page-failed": {
    title: "This page made a mistake",
    why: "Something happened that the page was not written for.",
    fix: "Reload the page and call again. The browser’s console has the details.",
    remedies: ["retry"],
  },
};
