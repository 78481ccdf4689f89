// @ts-check
/** The page: connects its controls with the softphone. */

import { Problem } from "./problems.js";
import { Softphone } from "./softphone.js";
import { createView } from "./view.js";

const view = createView({
  onCall: () => (softphone.isBusy ? softphone.hangUp() : void softphone.call({ withMicrophone: true })),
  onRetry: () => void softphone.reconnect(),
  onType: () => void softphone.call({ withMicrophone: false }),
  onMute: (isMuted) => softphone.setMuted(isMuted),
  onDigit: (digit) => softphone.pressDigit(digit),
  onText: (text) => softphone.sendText(text),
});
const softphone = new Softphone(view);

// Known before anybody presses Call, so said before.
if (!globalThis.isSecureContext) {
  view.showProblem(new Problem("insecure-origin"), null);
}
