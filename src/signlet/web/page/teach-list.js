// The taught signs as a list: their examples as moving skeletons, and what to make of them.

/** @import { Advice, Example, Group } from "../types.js" */

/** @typedef {{ item: HTMLElement, canvas: HTMLCanvasElement, button: HTMLButtonElement }} Item of the list */

import { summary } from "../teach/words.js";
import { element } from "./parts.js";
import { Thumbnails } from "./thumbnails.js";

export class SignList {
  #place;
  #throwAway;
  #thumbnails = new Thumbnails();
  /** @type {Map<Example, Item>} */
  #items = new Map(); // example -> its list item

  /**
   * place: the list. throwAway: is called with the example whose button was pressed.
   * @param {HTMLElement} place @param {(example: Example) => void} throwAway
   */
  constructor(place, throwAway) {
    this.#place = place;
    this.#throwAway = throwAway;
  }

  /**
   * groups: [{ sign, count, brought, examples, advice }]: see `summary`; advice is a Map, see TaughtSet.
   * @param {Group[]} groups
   */
  show(groups) {
    const present = new Set(groups.flatMap(({ examples }) => examples));
    for (const [example, item] of this.#items) if (!present.has(example)) this.#drop(example, item);
    this.#place.replaceChildren(...groups.map((group) => this.#group(group)));
  }

  /**
   * Where the focus goes when an example is thrown away: its neighbour, null where there is none.
   * @param {Example} example
   */
  neighbour(example) {
    const buttons = [...this.#place.querySelectorAll("button")];
    const at = buttons.findIndex((button) => button === this.#items.get(example)?.button);
    return buttons[at + 1] ?? buttons[at - 1] ?? null;
  }

  /** @param {Example} example @param {Item} item */
  #drop(example, { canvas }) {
    this.#thumbnails.hide(canvas);
    this.#items.delete(example);
  }

  /** @param {Group} group */
  #group(group) {
    const { sign, examples, advice } = group;
    const said = summary(group);
    const head = element("p", "head");
    head.append(element("b", "", sign), element("span", said.doubt ? "doubt" : "quiet", said.text));
    const row = element("ul", "examples");
    row.setAttribute("aria-label", `Examples of ${sign}`);
    row.append(...examples.map((example, i) => this.#example(example, sign, i + 1, advice.get(example))));
    const item = element("li");
    item.append(head, ...(examples.length ? [row] : []));
    return item;
  }

  /** @param {Example} example @param {string} sign @param {number} number @param {Advice} [advice] */
  #example(example, sign, number, advice) {
    const { item, canvas, button } = this.#items.get(example) ?? this.#made(example);
    item.classList.toggle("doubted", Boolean(advice?.like));
    const like = advice?.like ? `, looks like ${advice.like}` : "";
    canvas.setAttribute("aria-label", `Example ${number} of ${sign}, by ${example.signer}${like}`);
    button.setAttribute("aria-label", `Throw away example ${number} of ${sign}`);
    return item;
  }

  /** @param {Example} example */
  #made(example) {
    const item = element("li");
    const canvas = element("canvas");
    canvas.setAttribute("role", "img");
    const button = element("button", "away", "×");
    button.type = "button";
    button.title = "Throw it away";
    button.addEventListener("click", () => this.#throwAway(example));
    item.append(canvas, button);
    this.#thumbnails.show(canvas, example);
    const made = { item, canvas, button };
    this.#items.set(example, made);
    return made;
  }
}
