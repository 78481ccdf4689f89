// @ts-check
/** What the page shows of a call, and what the caller presses. The conversation itself is in conversation.js. */

import { createConversation } from "./conversation.js";

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];
const KEY_NAMES = { "*": "star", "#": "hash" };

const CALL_LABELS = {
  idle: "Call",
  connecting: "Cancel",
  "in-call": "Hang up",
  waiting: "Hang up",
  ended: "Call",
  failed: "Call",
};
const PHASE_LABELS = {
  idle: "Ready",
  connecting: "Connecting",
  "in-call": "Connected",
  waiting: "Reconnecting",
  ended: "Call ended",
  failed: "Not connected",
};
const AGENT_LABELS = { listening: "Listening", thinking: "Thinking", speaking: "Speaking", ended: "Call ended" };
const STAGE_LABELS = { running: "waiting", done: "done", failed: "failed", skipped: "not used" };

// Enough to look back on; older notes have been read.
const NOTES_MAX = 4;

/**
 * @typedef {object} Controls
 * @property {() => void} onCall call, cancel or hang up
 * @property {() => void} onRetry
 * @property {() => void} onType
 * @property {(isMuted: boolean) => void} onMute
 * @property {(digit: string) => void} onDigit
 * @property {(text: string) => void} onText
 */

/**
 * @param {Controls} controls
 * @returns {import("./softphone.js").View}
 */
export function createView(controls) {
  const conversation = createConversation();
  const clock = createClock();
  listen(controls);
  return {
    ...conversation,
    showPhase: (phase) => {
      showPhase(phase);
      clock(phase);
    },
    resetStages,
    showStage,
    showProblem,
    hideProblem: () => void (find("problem").hidden = true),
    showNote,
    showLevel: (level) => void (find("level-bar").style.transform = `scaleX(${level.toFixed(3)})`),
    showAgentState: (state) => showState(state, AGENT_LABELS[state]),
  };
}

/** @param {Controls} controls */
function listen(controls) {
  find("call").addEventListener("click", controls.onCall);
  find("remedy-retry").addEventListener("click", controls.onRetry);
  find("remedy-type").addEventListener("click", controls.onType);
  find("call-typing").addEventListener("click", controls.onType);
  find("mute").addEventListener("click", () => controls.onMute(togglePressed()));
  find("keys").addEventListener("click", toggleKeypad);
  const keypad = find("keypad");
  keypad.replaceChildren(...KEYS.map((key) => keyButton(key, controls.onDigit)));
  keypad.addEventListener("keydown", (event) => KEYS.includes(event.key) && controls.onDigit(event.key));
  find("type").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = textBox().value.trim();
    textBox().value = "";
    if (text) {
      controls.onText(text);
    }
  });
}

/** @param {import("./softphone.js").Phase} phase */
function showPhase(phase) {
  const isInCall = phase === "in-call";
  const isBusy = !["idle", "ended", "failed"].includes(phase);
  document.body.dataset.phase = phase;
  find("call-typing").hidden = isBusy;
  const call = find("call");
  call.textContent = CALL_LABELS[phase];
  call.dataset.action = isBusy ? "hang-up" : "call";
  for (const control of [button("mute"), button("send"), textBox(), ...keyButtons()]) {
    control.disabled = !isInCall;
  }
  // The agent's first word may come before the page knows that the call is answered.
  if (!isInCall || !(String(find("agent").dataset.state) in AGENT_LABELS)) {
    showState(phase, PHASE_LABELS[phase]);
  }
}

/**
 * @param {string} state
 * @param {string} label
 */
function showState(state, label) {
  find("agent").dataset.state = state;
  find("agent-text").textContent = label;
}

function resetStages() {
  for (const stage of document.querySelectorAll("#stages li")) {
    stage.removeAttribute("data-status");
    label(stage).textContent = "";
  }
}

/** @type {import("./softphone.js").View["showStage"]} */
function showStage(name, status) {
  const stage = /** @type {HTMLElement} */ (document.querySelector(`#stages [data-stage="${name}"]`));
  stage.dataset.status = status;
  label(stage).textContent = STAGE_LABELS[status];
}

/** @type {import("./softphone.js").View["showProblem"]} */
function showProblem(problem, retry) {
  const { title, why, fix, remedies } = problem.explanation;
  find("problem").dataset.code = problem.code;
  find("problem-title").textContent = title;
  find("problem-why").textContent = why;
  find("problem-fix").textContent = fix;
  find("problem-retry").hidden = retry === null;
  find("problem-retry").textContent = retry && `Reconnecting, try ${retry.attempt} of ${retry.attemptsMax} …`;
  find("remedy-retry").hidden = !remedies.includes("retry");
  find("remedy-retry").textContent = problem.mayPass ? "Reconnect now" : "Try again";
  find("remedy-type").hidden = !remedies.includes("type");
  find("problem").hidden = false;
}

/** @param {string} text */
function showNote(text) {
  const note = document.createElement("li");
  note.textContent = text;
  const notes = find("notes");
  notes.append(note);
  while (notes.children.length > NOTES_MAX) {
    notes.firstElementChild?.remove();
  }
}

/** Counts the seconds of a call and stands still after it. */
function createClock() {
  let startedMs = 0;
  let timer = 0;
  const show = () => {
    const seconds = Math.floor((performance.now() - startedMs) / 1000);
    find("clock").textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  };
  return (/** @type {import("./softphone.js").Phase} */ phase) => {
    clearInterval(timer);
    if (phase === "in-call") {
      startedMs = performance.now();
      show();
      timer = setInterval(show, 1000);
    }
  };
}

/**
 * @param {string} key
 * @param {(digit: string) => void} onDigit
 */
function keyButton(key, onDigit) {
  const element = document.createElement("button");
  element.type = "button";
  element.textContent = key;
  element.disabled = true;
  element.dataset.testid = `key-${key}`;
  if (key in KEY_NAMES) {
    element.setAttribute("aria-label", KEY_NAMES[/** @type {"*" | "#"} */ (key)]);
  }
  element.addEventListener("click", () => onDigit(key));
  return element;
}

function togglePressed() {
  const mute = find("mute");
  const isMuted = mute.getAttribute("aria-pressed") !== "true";
  mute.setAttribute("aria-pressed", String(isMuted));
  mute.textContent = isMuted ? "Muted" : "Mute";
  return isMuted;
}

function toggleKeypad() {
  const keypad = find("keypad");
  keypad.hidden = !keypad.hidden;
  find("keys").setAttribute("aria-expanded", String(!keypad.hidden));
}

/** @param {Element} stage */
function label(stage) {
  return /** @type {HTMLElement} */ (stage.querySelector("span"));
}

/** @param {string} id */
function find(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/** @param {string} id */
function button(id) {
  return /** @type {HTMLButtonElement} */ (find(id));
}

function textBox() {
  return /** @type {HTMLInputElement} */ (find("text"));
}

/** @returns {HTMLButtonElement[]} */
function keyButtons() {
  return Array.from(find("keypad").querySelectorAll("button"));
}
