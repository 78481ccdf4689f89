// @ts-check
/**
 * The caller's side of the audio: getUserMedia -> AudioWorklet -> 20 ms frames, with a ScriptProcessor
 * where there is no AudioWorklet. Without a microphone it makes frames of silence, as a telephone does
 * when nobody speaks: the call has a clock either way, and the caller types.
 */

import { FrameMaker } from "./frame-maker.js";
import { Problem } from "./problems.js";

const SCRIPT_SAMPLES = 1024;

/** @typedef {(frame: import("./frame-maker.js").Frame) => void} OnFrame */

/**
 * @returns {Promise<MediaStream>}
 * @throws {Problem} which says why there is no microphone
 */
export async function askForMicrophone() {
  if (!globalThis.isSecureContext || !navigator.mediaDevices?.getUserMedia) {
    throw new Problem("insecure-origin");
  }
  try {
    const audio = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 };
    return await navigator.mediaDevices.getUserMedia({ audio });
  } catch (error) {
    throw new Problem(problemOf(/** @type {DOMException} */ (error).name));
  }
}

export class Microphone {
  /**
   * @param {AudioContext} context
   * @param {{stream: MediaStream | null, hasWorklet: boolean, onFrame: OnFrame}} options no stream: silence
   */
  constructor(context, { stream, hasWorklet, onFrame }) {
    this._stream = stream;
    this._source = stream && context.createMediaStreamSource(stream);
    this._node = hasWorklet ? workletNode(context, onFrame) : scriptNode(context, onFrame);
    this._source?.connect(this._node);
    // A node that leads nowhere is not run. Its output stays silent.
    this._node.connect(context.destination);
  }

  /** @returns {boolean} whether there is a real microphone */
  get isReal() {
    return this._stream !== null;
  }

  /** @param {boolean} isMuted frames go on, silent, as from a muted telephone */
  setMuted(isMuted) {
    for (const track of this._stream?.getAudioTracks() ?? []) {
      track.enabled = !isMuted;
    }
  }

  /** @param {() => void} callback the device was unplugged or its permission withdrawn */
  onLost(callback) {
    this._stream?.getAudioTracks()[0]?.addEventListener("ended", callback);
  }

  close() {
    for (const track of this._stream?.getTracks() ?? []) {
      track.stop();
    }
    this._source?.disconnect();
    this._node.disconnect();
    if (this._node instanceof ScriptProcessorNode) {
      this._node.onaudioprocess = null;
    } else {
      this._node.port.onmessage = null;
      this._node.port.postMessage("close");
    }
  }
}

/**
 * @param {AudioContext} context
 * @param {OnFrame} onFrame
 */
function workletNode(context, onFrame) {
  const node = new AudioWorkletNode(context, "capture", {
    channelCount: 1,
    channelCountMode: "explicit",
    outputChannelCount: [1],
  });
  node.port.onmessage = (message) => onFrame(message.data);
  return node;
}

/**
 * @param {AudioContext} context
 * @param {OnFrame} onFrame
 */
function scriptNode(context, onFrame) {
  const frames = new FrameMaker(context.sampleRate);
  const node = context.createScriptProcessor(SCRIPT_SAMPLES, 1, 1);
  node.onaudioprocess = (event) => {
    for (const frame of frames.push(event.inputBuffer.getChannelData(0))) {
      onFrame(frame);
    }
  };
  return node;
}

/**
 * The names are those of the W3C's Media Capture and Streams, section 10.2.
 * @param {string} name
 */
function problemOf(name) {
  switch (name) {
    case "NotAllowedError":
    case "SecurityError":
      return "microphone-denied";
    case "NotFoundError":
    case "OverconstrainedError":
      return "microphone-missing";
    default:
      return "microphone-busy";
  }
}
