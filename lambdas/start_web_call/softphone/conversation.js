// @ts-check
/**
 * The conversation as it is heard: caller on the right, agent on the left, each piece of a turn updated in place
 * until it is final. What the agent wanted to say and the caller cut off stays visible, struck through.
 */

const PART_LABELS = { endpointingMs: "end of turn", generationMs: "answer", synthesisMs: "voice" };

// An hour of quick talk. A page left open must not grow for ever; the call's record is elsewhere.
const ENTRIES_MAX = 500;

/** @typedef {{id: number | undefined, words: HTMLElement, planned: string, isOpen: boolean}} Piece */
/** @typedef {{item: HTMLElement, words: HTMLElement, pieces: Piece[]}} Entry */
/** @typedef {import("./transport.js").Transcript} Transcript */

/** @returns {Pick<import("./softphone.js").View, "showTranscript" | "showTurn" | "startConversation">} */
export function createConversation() {
  /** @type {Map<string, Entry>} */
  let entries = new Map();
  /** @type {Map<number, HTMLElement>} */
  let latencies = new Map();

  return {
    startConversation() {
      if (entries.size > 0) {
        append(divider());
      }
      entries = new Map();
      latencies = new Map();
    },
    showTranscript(transcript) {
      const { turn, speaker } = transcript;
      const key = `${speaker} ${turn}`;
      const entry = entries.get(key) ?? newEntry(speaker);
      entries.set(key, entry);
      showPiece(entry, transcript);
      const latency = latencies.get(turn);
      if (speaker === "agent" && latency) {
        entry.item.append(latency);
      }
      scrollDown();
    },
    showTurn({ number, latencyMs, parts }) {
      const latency = latencyBar(latencyMs, parts);
      latencies.get(number)?.remove();
      latencies.set(number, latency);
      entries.get(`agent ${number}`)?.item.append(latency);
      scrollDown();
    },
  };
}

/**
 * @param {"caller" | "agent"} speaker
 * @returns {Entry}
 */
function newEntry(speaker) {
  const item = element("li", speaker === "caller" ? "caller" : "agent-turn");
  item.dataset.testid = `turn-${speaker}`;
  const words = element("p", "words");
  item.append(element("p", "who", speaker === "caller" ? "You" : "Agent"), words);
  append(item);
  return { item, words, pieces: [] };
}

/**
 * @param {Entry} entry
 * @param {Transcript} transcript
 */
function showPiece(entry, { speaker, text, final, cut, id }) {
  const piece = pieceOf(entry, id);
  const isDone = final || cut === true;
  const unheard = speaker === "agent" && isDone ? rest(piece.planned, text) : "";
  piece.planned = unheard ? piece.planned : text;
  piece.isOpen = !isDone;
  piece.words.replaceChildren(text);
  if (unheard) {
    const struck = element("s", "unheard", unheard);
    struck.dataset.testid = "unheard";
    const mark = element("span", "cut", "interrupted here; the rest was not heard");
    piece.words.append(text ? " " : "", struck, mark);
  }
  entry.item.classList.toggle("interim", entry.pieces.some((each) => each.isOpen));
  if (isDone) {
    speakAloud(speaker, text);
  }
}

/**
 * The piece named by `id`; without one, the piece that is still open. Otherwise a new one.
 * @param {Entry} entry
 * @param {number | undefined} id
 * @returns {Piece}
 */
function pieceOf(entry, id) {
  const known = entry.pieces.find((piece) => (id === undefined ? piece.isOpen : piece.id === id));
  if (known) {
    return known;
  }
  const piece = { id, words: element("span", ""), planned: "", isOpen: true };
  entry.words.append(entry.pieces.length > 0 ? " " : "", piece.words);
  entry.pieces.push(piece);
  return piece;
}

/**
 * What followed `heard` in what was to be said; empty unless `heard` is its beginning.
 * @param {string} planned
 * @param {string} heard
 */
function rest(planned, heard) {
  const spoken = heard.trim();
  // The last word heard may carry a full stop that the sentence did not have there.
  const start = planned.startsWith(spoken) ? spoken : spoken.replace(/[\s.,;:!?…-]+$/u, "");
  return planned.startsWith(start) ? planned.slice(start.length).trim() : "";
}

/**
 * @param {number} latencyMs
 * @param {Record<string, number>} parts
 */
function latencyBar(latencyMs, parts) {
  const named = Object.entries(parts).map(([key, ms]) => ({ name: partName(key), ms }));
  const other = latencyMs - named.reduce((sum, part) => sum + part.ms, 0);
  const shown = other > 0 ? [...named, { name: "other", ms: other }] : named;

  const latency = element("div", "latency");
  latency.dataset.testid = "latency";
  const total = element("p", "", "answered after ");
  total.append(element("strong", "", `${Math.round(latencyMs)} ms`));
  const bar = element("div", "bar");
  bar.setAttribute("aria-hidden", "true");
  const list = element("ul", "parts");
  shown.forEach(({ name, ms }, i) => {
    const colour = `part-${Math.min(i + 1, 4)}`;
    const segment = element("div", colour);
    segment.style.flexGrow = String(ms);
    bar.append(segment);
    list.append(element("li", colour, `${name} ${Math.round(ms)}`));
  });
  latency.append(total, bar, list);
  return latency;
}

/** @param {string} key */
function partName(key) {
  return PART_LABELS[/** @type {keyof typeof PART_LABELS} */ (key)] ?? key.replace(/Ms$/, "");
}

function divider() {
  return element("li", "divider", "— new call —");
}

/**
 * Screen readers hear each piece once, when it is final: interim text would be read over and over.
 * @param {"caller" | "agent"} speaker
 * @param {string} text
 */
function speakAloud(speaker, text) {
  const spoken = find("spoken");
  spoken.append(element("p", "", `${speaker === "caller" ? "You" : "Agent"}: ${text}`));
  trim(spoken);
}

/** @param {HTMLElement} item */
function append(item) {
  find("empty").hidden = true;
  find("transcript").append(item);
  trim(find("transcript"));
}

/** @param {HTMLElement} list */
function trim(list) {
  while (list.children.length > ENTRIES_MAX) {
    list.firstElementChild?.remove();
  }
}

function scrollDown() {
  const scroll = find("scroll");
  scroll.scrollTop = scroll.scrollHeight;
}

/**
 * @param {string} tag
 * @param {string} className
 * @param {string} [text]
 */
function element(tag, className, text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

/** @param {string} id */
function find(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}
