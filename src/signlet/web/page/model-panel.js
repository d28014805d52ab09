// The model in use: loading it, choosing another, and what it says of itself.

/** @import { Bytes, Card, RecogniseQuestions, Use } from "../types.js" */
/** @import { Remote } from "../live/remote.js" */

import { inAMessage } from "../clips/names.js";
import { readBytes } from "../clips/npz.js";
import { many } from "../teach/words.js";
import { chosenFile, element, messageOf, part } from "./parts.js";
import { percent } from "./words.js";

export class ModelPanel {
  #remote;
  /** @type {{ source: string, name: string } | null} */
  #own = null; // { source, name } of the model that came with the page
  #name = ""; // of the model in use

  /**
   * remote: of recognise-worker.js. changed: called with card and name after another model was
   * loaded; gives what is named then, see `use`.
   * @param {Remote<RecogniseQuestions>} remote @param {(card: Card, name: string) => Promise<Use>} changed
   * @param {(text: string | null) => void} problem
   */
  constructor(remote, changed, problem) {
    this.#remote = remote;
    this.changed = changed;
    this.problem = problem;
    part("choose").addEventListener("click", () => part("model").click());
    part("model").addEventListener("change", () => this.#choose(chosenFile(part("model"))));
    part("built-in").addEventListener("click", () => this.#own && this.#load(this.#own));
    part("least").addEventListener("input", () => this.#least());
  }

  /** The model that was built into the page. */
  async start() {
    const site = await fetch(new URL("../site.json", import.meta.url)).then((answer) => answer.json()).catch(() => null);
    if (!site) {
      part("model-name").textContent = "No model is loaded.";
      this.problem("The page's own model could not be loaded. Load the page again, or choose a model file.");
      return false;
    }
    this.#own = { source: new URL(`../${site.model}`, import.meta.url).href, name: site.name };
    return this.#load(this.#own);
  }

  /** @param {File} [file] */
  async #choose(file) {
    if (!file) return;
    try {
      await this.#load({ source: await readBytes(file), name: file.name });
    } catch (error) {
      this.problem(messageOf(error));
    }
  }

  /**
   * Whether the model is in use now; the one before stays where it cannot be.
   * @param {{ source: string | Bytes, name: string }} model
   */
  async #load({ source, name }) {
    try {
      const { card } = await this.#remote.call("load", { source, name });
      const use = await this.changed(card, name);
      this.#name = modelTitle(name, card);
      this.#show(card);
      this.use(use);
      part("built-in").hidden = !this.#own || name === this.#own.name;
      this.problem(null);
      return true;
    } catch (error) {
      if (part("model-name").textContent === "Loading …") part("model-name").textContent = "No model is loaded.";
      this.problem(messageOf(error));
      return false;
    }
  }

  /**
   * What is named now. signs: names. taught: how many of them were taught. threshold: least confidence.
   * @param {Use} use
   */
  use({ signs, taught, threshold }) {
    if (!this.#name) return; // there is no model yet
    const own = signs.length - taught;
    const text = own ? many(signs.length, "sign") : many(taught, "taught sign");
    part("model-name").textContent = `${inAMessage(this.#name)}: ${text}${own && taught ? `, ${taught} of them taught` : ""}`;
    const taughtFirst = [...signs.slice(own), ...signs.slice(0, own)];
    part("promise").textContent = `The page names ${known(taughtFirst)}.`;
    part("signs").textContent = [...signs].sort((a, b) => a.localeCompare(b)).join(", ");
    this.#set(threshold);
  }

  /** @param {number} threshold */
  #set(threshold) {
    const least = part("least");
    least.step = "any"; // a model's own threshold need not be a step of the slider
    least.value = String(threshold);
    part("least-value").textContent = percent(threshold);
    least.setAttribute("aria-valuetext", percent(threshold));
  }

  async #least() {
    part("least").step = "0.01";
    const threshold = Number(part("least").value);
    part("least-value").textContent = percent(threshold);
    part("least").setAttribute("aria-valuetext", percent(threshold));
    await this.#remote.call("threshold", { threshold }).catch(() => {}); // there is no model yet
  }

  /** @param {Card} card */
  #show(card) {
    part("facts").replaceChildren(...Object.entries(facts(card)).map(([title, text]) => {
      const pair = element("div");
      pair.append(element("dt", "", title), element("dd", "", inAMessage(text)));
      return pair;
    }));
  }
}

/**
 * What a model is called: "model.onnx" by its run, as every export of a run has that name.
 * @param {string} name @param {Card} card
 */
export function modelTitle(name, { about }) {
  const stem = name.replace(/\.onnx$/i, "");
  return /^model\b/i.test(stem) && typeof about?.run === "string" ? about.run : stem;
}

/** @param {string[]} signs */
function known(signs) {
  if (signs.length <= 4) return `the ${signs.length === 1 ? "sign" : "signs"} ${signs.join(", ")}`;
  const letters = signs.every((sign) => /^\p{L}$/u.test(sign));
  if (letters) return `${signs.length} letters of fingerspelling, ${signs[0]} to ${signs.at(-1)}`;
  return `${signs.length} signs, such as ${signs.slice(0, 3).join(", ")}`;
}

/** @param {Card} card @returns {Record<string, string>} */
function facts({ about = {}, licence, calibration, precision, signlet, taught }) {
  const scores = about?.out_of_fold?.ensemble ?? about?.out_of_fold?.soup;
  const accuracy = scores?.accuracy ?? scores?.top1 ?? about?.accuracy_unseen_languages;
  const own = calibration ? percent(calibration.threshold) : "no confidence: it was not calibrated";
  return {
    "Accuracy on new signers": Number.isFinite(accuracy) && !taught ? percent(accuracy) : "not measured",
    "Trained on": String(about?.source ?? "not stated"),
    "Licence": licence || "not stated",
    "Says none of the signs below": taught ? "decided by how alike the examples are" : own,
    "Made with": `signlet ${signlet ?? ""}, weights ${precision ?? ""}`,
  };
}
