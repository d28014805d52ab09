// The model in use: loading it, choosing another, and what it says of itself.

import { inAMessage } from "../clips/names.js";
import { readBytes } from "../clips/npz.js";
import { element } from "./signs.js";
import { many } from "../teach/words.js";
import { percent } from "./words.js";

export class ModelPanel {
  #part = (id) => document.getElementById(id);
  #remote;
  #own = null; // { source, name } of the model that came with the page
  #name = ""; // of the model in use

  /**
   * remote: of recognise-worker.js. changed: called with card and name after another model was
   * loaded; gives what is named then, see `use`.
   */
  constructor(remote, changed, problem) {
    this.#remote = remote;
    this.changed = changed;
    this.problem = problem;
    this.#part("choose").addEventListener("click", () => this.#part("model").click());
    this.#part("model").addEventListener("change", (event) => this.#choose(event.target));
    this.#part("built-in").addEventListener("click", () => this.#load(this.#own));
    this.#part("least").addEventListener("input", () => this.#least());
  }

  /** The model that was built into the page. */
  async start() {
    const site = await fetch(new URL("../site.json", import.meta.url)).then((answer) => answer.json()).catch(() => null);
    if (!site) {
      this.#part("model-name").textContent = "No model is loaded.";
      this.problem("The page's own model could not be loaded. Load the page again, or choose a model file.");
      return false;
    }
    this.#own = { source: new URL(`../${site.model}`, import.meta.url).href, name: site.name };
    return this.#load(this.#own);
  }

  async #choose(input) {
    const [file] = input.files;
    input.value = "";
    if (!file) return;
    try {
      await this.#load({ source: await readBytes(file), name: file.name });
    } catch (error) {
      this.problem(error.message);
    }
  }

  /** Whether the model is in use now; the one before stays where it cannot be. */
  async #load({ source, name }) {
    try {
      const { card } = await this.#remote.call("load", { source, name });
      const use = await this.changed(card, name);
      this.#name = name.replace(/\.onnx$/i, "");
      this.#show(card);
      this.use(use);
      this.#part("built-in").hidden = !this.#own || name === this.#own.name;
      this.problem(null);
      return true;
    } catch (error) {
      if (this.#part("model-name").textContent === "Loading …") this.#part("model-name").textContent = "No model is loaded.";
      this.problem(error.message);
      return false;
    }
  }

  /** What is named now. signs: names. taught: how many of them were taught. threshold: least confidence. */
  use({ signs, taught, threshold }) {
    if (!this.#name) return; // there is no model yet
    const own = signs.length - taught;
    const text = own ? many(signs.length, "sign") : many(taught, "taught sign");
    this.#part("model-name").textContent = `${inAMessage(this.#name)}: ${text}${own && taught ? `, ${taught} of them taught` : ""}`;
    const taughtFirst = [...signs.slice(own), ...signs.slice(0, own)];
    this.#part("promise").textContent = `The page names what you sign. ${known(taughtFirst)}.`;
    this.#part("signs").textContent = [...signs].sort((a, b) => a.localeCompare(b)).join(", ");
    this.#set(threshold);
  }

  #set(threshold) {
    const least = this.#part("least");
    least.step = "any"; // a model's own threshold need not be a step of the slider
    least.value = threshold;
    this.#part("least-value").textContent = percent(threshold);
    least.setAttribute("aria-valuetext", percent(threshold));
  }

  async #least() {
    this.#part("least").step = 0.05;
    const threshold = Number(this.#part("least").value);
    this.#part("least-value").textContent = percent(threshold);
    this.#part("least").setAttribute("aria-valuetext", percent(threshold));
    await this.#remote.call("threshold", { threshold }).catch(() => {}); // there is no model yet
  }

  #show(card) {
    this.#part("facts").replaceChildren(...Object.entries(facts(card)).map(([title, text]) => {
      const pair = element("div");
      pair.append(element("dt", "", title), element("dd", "", inAMessage(text)));
      return pair;
    }));
  }
}

function known(signs) {
  if (signs.length <= 4) return `It knows the ${signs.length === 1 ? "sign" : "signs"} ${signs.join(", ")}`;
  const letters = signs.every((sign) => /^\p{L}$/u.test(sign));
  if (letters) return `It knows ${signs.length} letters of fingerspelling, ${signs[0]} to ${signs.at(-1)}`;
  return `It knows ${signs.length} signs, such as ${signs.slice(0, 3).join(", ")}`;
}

function facts({ about = {}, licence, calibration, precision, signlet, taught }) {
  const scores = about?.out_of_fold?.ensemble ?? about?.out_of_fold?.soup;
  const accuracy = scores?.accuracy ?? scores?.top1 ?? about?.accuracy_unseen_languages;
  const own = calibration ? percent(calibration.threshold) : "never, it was not calibrated";
  return {
    "Right for signers it was not trained on": Number.isFinite(accuracy) && !taught ? percent(accuracy) : "not measured",
    "Trained on": String(about?.source ?? "not stated"),
    "Licence": licence || "not stated by whoever exported it",
    "Answers none below": taught ? "decided by likeness to the taught examples" : own,
    "Made with": `signlet ${signlet ?? ""}, weights ${precision ?? ""}`,
  };
}
