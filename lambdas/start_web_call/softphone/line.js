// @ts-check
/** Microphone and loudspeaker of one or more calls in a row: they stay open while a lost connection is replaced. */

import { askForMicrophone, Microphone } from "./microphone.js";
import { Player } from "./player.js";
import { Problem } from "./problems.js";
import { within } from "./deadline.js";

// A person has to read and answer the browser's question.
const MICROPHONE_MS = 30_000;
const AUDIO_MS = 5_000;

/**
 * @typedef {object} LineOptions
 * @property {boolean} withMicrophone
 * @property {import("./microphone.js").OnFrame} onFrame
 * @property {import("./player.js").PlayerListener} listener
 */

/**
 * Call it from a click: browsers let sound start only then.
 * @param {LineOptions} options
 * @returns {Promise<Line>}
 * @throws {Problem}
 */
export async function openLine({ withMicrophone, onFrame, listener }) {
  const context = new AudioContext({ latencyHint: "interactive" });
  const running = context.resume();
  /** @type {MediaStream | null} */
  let stream = null;
  try {
    stream = withMicrophone ? await microphone() : null;
    await within(AUDIO_MS, running, "audio-failed");
    const hasWorklet = await loadWorklets(context);
    const player = new Player(context, { hasWorklet, listener });
    return new Line(context, player, new Microphone(context, { stream, hasWorklet, onFrame }), hasWorklet);
  } catch (error) {
    stop(stream);
    await context.close();
    throw error;
  }
}

export class Line {
  /**
   * @param {AudioContext} context
   * @param {Player} player
   * @param {Microphone} microphone
   * @param {boolean} hasWorklet
   */
  constructor(context, player, microphone, hasWorklet) {
    this.context = context;
    this.player = player;
    this.microphone = microphone;
    this.hasWorklet = hasWorklet;
    // Mobile browsers suspend audio behind another app and leave it so.
    this._wake = () => document.visibilityState === "visible" && void context.resume();
    document.addEventListener("visibilitychange", this._wake);
  }

  close() {
    document.removeEventListener("visibilitychange", this._wake);
    this.microphone.close();
    this.player.close();
    void this.context.close();
  }
}

/** An answer after the deadline still opens the device: it is closed again. */
async function microphone() {
  const asked = askForMicrophone();
  try {
    return await within(MICROPHONE_MS, asked, "microphone-timeout");
  } catch (error) {
    asked.then(stop, () => undefined);
    throw error;
  }
}

/**
 * @param {AudioContext} context
 * @returns {Promise<boolean>} false where the older ScriptProcessor has to serve
 */
async function loadWorklets(context) {
  if (!context.audioWorklet) {
    return false;
  }
  try {
    await context.audioWorklet.addModule(new URL("capture-worklet.js", import.meta.url));
    await context.audioWorklet.addModule(new URL("playback-worklet.js", import.meta.url));
    return true;
  } catch {
    // Some engines have worklets without module imports in them; the fallback plays the same queue.
    return false;
  }
}

/** @param {MediaStream | null} stream */
function stop(stream) {
  for (const track of stream?.getTracks() ?? []) {
    track.stop();
  }
}
