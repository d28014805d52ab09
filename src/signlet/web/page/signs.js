// What was signed: the sign now, how sure, and the last ones as text.

import { percent } from "./words.js";

const KEPT = 200; // events in the list

export class Signs {
  #part = (id) => document.getElementById(id);
  #events = [];

  constructor() {
    this.#part("clear").addEventListener("click", () => this.clear());
    this.#part("copy").addEventListener("click", () => this.#copy());
  }

  get text() {
    return this.#events.map(({ sign }) => sign).filter((sign) => sign !== null).join(" ");
  }

  /** Show an event of the stream recogniser, and say it once to a screen reader. */
  add(event) {
    this.#events = [...this.#events, event].slice(-KEPT);
    this.#now(event);
    this.#bars(event.top);
    this.#list(event);
    this.#tools();
    const { sign, confidence } = event;
    this.#part("announce").textContent = sign === null ? "None of the signs" : `${sign}, ${percent(confidence)} sure`;
  }

  clear() {
    this.#events = [];
    this.#part("history").replaceChildren();
    this.#part("bars").replaceChildren();
    this.#part("announce").textContent = "";
    this.#show("–", "empty", "Nothing was signed yet");
    this.#tools();
  }

  #now({ sign, confidence, top }) {
    if (sign === null) this.#show("none of the signs", "none", `Nearest: ${top[0][0]}, ${percent(confidence)} sure`);
    else this.#show(sign, sign.length > 9 ? "long" : sign.length > 3 ? "word" : "short", `${percent(confidence)} sure`);
  }

  #show(sign, kind, sure) {
    const shown = this.#part("sign");
    shown.textContent = sign;
    shown.dataset.kind = kind;
    this.#part("sure").textContent = sure;
    this.#part("caption").textContent = kind === "empty" || kind === "none" ? "" : sign;
    shown.getAnimations().forEach((animation) => animation.cancel());
    if (matchMedia("(prefers-reduced-motion: no-preference)").matches) {
      shown.animate([{ opacity: 0.2, transform: "translateY(4px)" }, { opacity: 1, transform: "none" }], { duration: 180, easing: "ease-out" });
    }
  }

  #bars(top) {
    this.#part("bars").replaceChildren(...top.map(([sign, share]) => {
      const name = element("span", "name", sign);
      const track = element("span", "track");
      const bar = element("span", "bar");
      bar.style.setProperty("--share", share);
      track.append(bar);
      track.setAttribute("aria-hidden", "true");
      const item = element("li");
      item.append(name, track, element("span", "number", percent(share)));
      return item;
    }));
  }

  #list({ sign, start, end, confidence }) {
    const item = element("li", sign === null ? "none" : "");
    const time = `${start.toFixed(1)}–${end.toFixed(1)} s`;
    item.append(element("b", "", sign ?? "none of the signs"), element("span", "", percent(confidence)), element("span", "", time));
    const history = this.#part("history");
    history.prepend(item);
    while (history.children.length > KEPT) history.lastChild.remove();
  }

  #tools() {
    this.#part("text").textContent = this.text || "Signs appear here as text.";
    this.#part("text").classList.toggle("filled", Boolean(this.text));
    this.#part("copy").disabled = !this.text;
    this.#part("clear").disabled = !this.#events.length;
  }

  async #copy() {
    try {
      await navigator.clipboard.writeText(this.text);
      this.#part("announce").textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(this.#part("text")); // then Ctrl+C does it
    }
  }
}

export function element(name, kind = "", text = "") {
  const made = document.createElement(name);
  if (kind) made.className = kind;
  made.textContent = text;
  return made;
}
