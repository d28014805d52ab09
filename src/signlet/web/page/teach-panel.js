// The panel on which signs are taught: naming, recording, the examples, saving, forgetting.

/** @import { Card, Clip, Example, Frames, Use } from "../types.js" */
/** @import { TaughtSet } from "../teach/set.js" */
/** @import { Store } from "../teach/store.js" */

import { hasHand, shortName, signName } from "../clips/clips.js";
import { inAMessage } from "../clips/names.js";
import { ExampleRecorder } from "../teach/record.js";
import { kept, NO_HAND, NO_NAME, NO_PICTURE, STARTING, STOPPED, why } from "../teach/words.js";
import { drawSkeleton } from "./overlay.js";
import { label, messageOf, part, write } from "./parts.js";
import { SignList } from "./teach-list.js";
import { holdable } from "./teach-press.js";
import { TeachTools } from "./teach-tools.js";

/**
 * @typedef {object} Page what the panel asks of the page, and tells it
 * @property {() => boolean} live whether a source runs
 * @property {() => void} start the camera
 * @property {(begun: () => void) => void} replay the last file
 * @property {() => boolean} keys whether keys are wanted
 * @property {(recorder: ExampleRecorder) => void} recording told of each change
 * @property {(use: Use) => void} changed told what TaughtSet says after each change
 */

const STEPS = { idle: "Hold and sign", counting: "Get ready …", recording: "Recording …" };

export class TeachPanel {
  #set;
  #store;
  #page;
  /** @type {{ sign: string, signer: string } | null} */
  #name = null; // { sign, signer } of the recording in the making
  #shown = ""; // the state that was told
  #tools;
  #list = new SignList(part("lessons"), (example) => this.#throwAway(example));

  /**
   * set, store: see teach/set.js and teach/store.js.
   * @param {TaughtSet} set @param {Store} store @param {Page} page
   */
  constructor(set, store, page) {
    this.#set = set;
    this.#store = store;
    this.#page = page;
    this.recorder = new ExampleRecorder(() => this.#showRecorder(), (clip) => this.#take(clip));
    const press = { down: () => this.#down(), up: (/** @type {boolean} */ tapped) => this.#up(tapped) };
    holdable(part("teach-hold"), press, () => page.keys() && page.live() && part("teach-sign").value.trim());
    part("teach-again").addEventListener("click", () => this.#again());
    this.#tools = new TeachTools(set, store, this);
  }

  /** Another model is in use; gives what is named now. @param {Card} card @param {string} name */
  async model(card, name) {
    const use = await this.#set.model(card, name);
    this.#show();
    return use;
  }

  /**
   * The next frame of the source: as it is drawn and as it is recorded; null where there is none.
   * @param {Frames | null} drawn @param {Frames} [frame] @param {number} [time]
   */
  see(drawn, frame, time) {
    drawSkeleton(part("teach-view"), drawn);
    if (frame && time !== undefined) this.recorder.see(frame, time);
  }

  /** Begin or end a recording that is kept whole, not only the sign in it. */
  toggle() {
    if (this.recorder.state !== "idle") this.recorder.end();
    else this.#begin(() => this.recorder.begin({ whole: true }));
  }

  /** The source has ended. */
  stop() {
    if (this.recorder.state === "counting") this.say(STOPPED);
    this.recorder.end();
  }

  /** Take up the examples in a .zip. @param {File} file */
  open(file) {
    return this.#tools.open(file);
  }

  /** @param {string} text */
  say(text) {
    part("teach-note").textContent = inAMessage(text);
  }

  #down() {
    if (this.recorder.state !== "idle") {
      this.recorder.end();
      this.#name = null; // and letting go begins nothing
    } else {
      this.#begin(() => this.recorder.begin());
    }
  }

  /** @param {boolean} tapped */
  #up(tapped) {
    if (!this.#name || this.recorder.state !== "recording") return;
    if (tapped) this.recorder.countdown();
    else this.recorder.end();
  }

  /** The last file, from its first frame to its last. */
  #again() {
    if (this.#named()) this.#page.replay(() => this.recorder.begin());
  }

  /** @param {() => void} act */
  #begin(act) {
    if (!this.#named()) return;
    if (this.#page.live()) return act();
    this.#name = null;
    this.say(STARTING);
    this.#page.start();
  }

  /** Whether the sign has a name that can be; says so where it has none. */
  #named() {
    try {
      const sign = signName(part("teach-sign").value, "The name of the sign");
      const signer = shortName(part("teach-signer").value, "The name of who signs") || "me";
      if (!sign) throw new Error(NO_NAME);
      this.#name = { sign, signer };
      return true;
    } catch (error) {
      this.#name = null;
      this.say(messageOf(error));
      setTimeout(() => part("teach-sign").focus()); // once the press has moved the focus
      return false;
    }
  }

  /** @param {Clip | null} clip */
  async #take(clip) {
    const name = this.#name;
    this.#name = null;
    if (!clip || !name) return this.say(NO_PICTURE);
    if (!hasHand(clip)) return this.say(NO_HAND);
    try {
      await this.change(this.#set.add([{ ...clip, ...name }]));
    } catch (error) {
      return this.say(messageOf(error));
    }
    const ours = this.#set.examples.filter(({ sign }) => sign === name.sign);
    return this.say(kept(name, this.#set.count(name.sign), this.#set.advice.get(ours[ours.length - 1])?.like));
  }

  /** @param {Example} example */
  async #throwAway(example) {
    const next = this.#list.neighbour(example);
    await this.change(this.#set.remove(example));
    this.say(`Removed: one example of ${example.sign}.`);
    (next ?? part("teach-sign")).focus();
  }

  /** Show what comes of a change of the signs. @param {Promise<Use>} done */
  async change(done) {
    try {
      this.#page.changed(await done);
    } finally {
      this.#show();
    }
  }

  #show() {
    const { examples, brought, canBoth, able, way, advice } = this.#set;
    const signs = [...new Set([...brought.keys(), ...examples.map(({ sign }) => sign)])];
    /** @param {string} sign */
    const own = (sign) => examples.filter((one) => one.sign === sign);
    this.#list.show(signs.map((sign) => (
      { sign, count: this.#set.count(sign), brought: brought.get(sign) ?? 0, advice, examples: own(sign) }
    )));
    part("teach-names").replaceChildren(...signs.map((sign) => new Option("", sign)));
    part("teach-empty").hidden = signs.length > 0;
    part("teach-with").hidden = !signs.length || !able;
    part("save").hidden = part("forget").hidden = !examples.length;
    for (const radio of /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("[name=teach-with]"))) {
      radio.checked = radio.value === way;
      radio.disabled = radio.value === "both" && !canBoth;
    }
    write(part("teach-why"), !able || signs.length ? why(this.#set) : "");
    part("teach-trouble").textContent = this.#store.trouble ?? "";
  }

  #showRecorder() {
    const { state, count, alone } = this.recorder;
    label(part("teach-hold"), alone && state === "recording" ? "Stop" : STEPS[state]);
    part("teach-count").textContent = state === "counting" ? String(count) : "";
    part("teach").dataset.state = state;
    if (state === "counting") this.say(String(count));
    else if (state === "recording" && this.#shown !== state) this.say(alone ? "Sign now" : "Recording …");
    this.#shown = state;
    this.#page.recording(this.recorder);
  }
}
