// What was signed: the sign now, how sure, and the last ones as text.

/** @import { SignEvent } from "../types.js" */

import { element, part } from "./parts.js";
import { percent } from "./words.js";

const KEPT = 200; // events in the list

export class Signs {
  /** @type {SignEvent[]} */
  #events = [];

  constructor() {
    part("clear").addEventListener("click", () => this.clear());
    part("copy").addEventListener("click", () => this.#copy());
  }

  get text() {
    return this.#events.map(({ sign }) => sign).filter((sign) => sign !== null).join(" ");
  }

  /**
   * Show an event of the stream recogniser, and say it once to a screen reader.
   * @param {SignEvent} event
   */
  add(event) {
    this.#events = [...this.#events, event].slice(-KEPT);
    this.#now(event);
    this.#bars(event.top);
    this.#list(event);
    this.#tools();
    const { sign, confidence } = event;
    part("announce").textContent = sign === null ? "None of the signs" : `${sign}, ${percent(confidence)} sure`;
  }

  clear() {
    this.#events = [];
    part("history").replaceChildren();
    part("announce").textContent = "";
    this.forgetNow();
    this.#tools();
  }

  /** Another source begins: the sign of the one before stays in the list only. */
  forgetNow() {
    part("bars").replaceChildren();
    this.#show("Your sign appears here", "empty", "");
  }

  /** @param {SignEvent} event */
  #now({ sign, confidence, top }) {
    if (sign === null) this.#show("none of the signs", "none", `Nearest: ${top[0][0]}, ${percent(confidence)} sure`);
    else this.#show(sign, sign.length > 9 ? "long" : sign.length > 3 ? "word" : "short", `${percent(confidence)} sure`);
  }

  /** @param {string} sign @param {string} kind @param {string} sure */
  #show(sign, kind, sure) {
    const shown = part("sign");
    shown.textContent = sign;
    shown.dataset.kind = kind;
    part("sure").textContent = sure;
    part("caption").textContent = kind === "empty" || kind === "none" ? "" : sign;
    shown.getAnimations().forEach((animation) => animation.cancel());
    if (matchMedia("(prefers-reduced-motion: no-preference)").matches) {
      shown.animate([{ opacity: 0.2, transform: "translateY(4px)" }, { opacity: 1, transform: "none" }], { duration: 180, easing: "ease-out" });
    }
  }

  /** @param {SignEvent["top"]} top */
  #bars(top) {
    part("bars").replaceChildren(...top.map(([sign, share]) => {
      const name = element("span", "name", sign);
      const track = element("span", "track");
      const bar = element("span", "bar");
      bar.style.setProperty("--share", String(share));
      track.append(bar);
      track.setAttribute("aria-hidden", "true");
      const item = element("li");
      item.append(name, track, element("span", "number", percent(share)));
      return item;
    }));
  }

  /** @param {SignEvent} event */
  #list({ sign, start, end, confidence }) {
    const item = element("li", sign === null ? "none" : "");
    const time = `${start.toFixed(1)}–${end.toFixed(1)} s`;
    item.append(element("b", "", sign ?? "none of the signs"), element("span", "", percent(confidence)), element("span", "", time));
    const history = part("history");
    history.prepend(item);
    while (history.children.length > KEPT) history.lastChild?.remove();
  }

  #tools() {
    part("text").textContent = this.text || "The signs you make are listed here as text.";
    part("text").classList.toggle("filled", Boolean(this.text));
    part("copy").disabled = !this.text;
    part("clear").disabled = !this.#events.length;
  }

  async #copy() {
    try {
      await navigator.clipboard.writeText(this.text);
      part("announce").textContent = "Copied";
    } catch {
      getSelection()?.selectAllChildren(part("text")); // then Ctrl+C does it
    }
  }
}
