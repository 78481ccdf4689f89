// @ts-check
/** The audio thread's half of the microphone: posts one `Frame` every 20 ms, silence when nothing is connected. */

import { FrameMaker } from "./frame-maker.js";

class Capture extends AudioWorkletProcessor {
  constructor() {
    super();
    this._frames = new FrameMaker(sampleRate);
    this._silence = new Float32Array(128);
    this._isOpen = true;
    this.port.onmessage = () => {
      this._isOpen = false;
    };
  }

  /** @param {Float32Array[][]} inputs */
  process(inputs) {
    for (const frame of this._frames.push(inputs[0]?.[0] ?? this._silence)) {
      this.port.postMessage(frame, [frame.payload.buffer]);
    }
    return this._isOpen;
  }
}

registerProcessor("capture", Capture);
