// What can be done with all taught signs: saving, opening, choosing, forgetting.

/** @import { Bytes, NewExample, Parts, Use, Way } from "../types.js" */
/** @import { TaughtSet } from "../teach/set.js" */
/** @import { Store } from "../teach/store.js" */

/** @typedef {{ change: (done: Promise<Use>) => Promise<void>, say: (text: string) => void }} Panel */

import { folderFile } from "../clips/clips.js";
import { isSame, readExamples } from "../teach/files.js";
import { many, opened } from "../teach/words.js";
import { chosenFile, messageOf, part } from "./parts.js";

export class TeachTools {
  #set;
  #panel;

  /**
   * set, store: see teach/set.js and teach/store.js. panel: is told what changes, and what to say.
   * @param {TaughtSet} set @param {Store} store @param {Panel} panel
   */
  constructor(set, store, panel) {
    this.#set = set;
    this.#panel = panel;
    /** @param {keyof Parts} id @param {() => void} action */
    const click = (id, action) => part(id).addEventListener("click", action);
    click("save", () => download(folderFile(set.examples), "clips.zip"));
    click("teach-open", () => part("teach-file").click());
    click("forget", () => this.#ask());
    click("forget-yes", () => this.#forget());
    click("forget-no", () => part("forget-ask").close());
    part("teach-file").addEventListener("change", () => this.#choose(chosenFile(part("teach-file"))));
    part("teach-with").addEventListener("change", ({ target }) => {
      panel.change(set.choose(/** @type {Way} */ (/** @type {HTMLInputElement} */ (target).value)));
    });
    window.addEventListener("beforeunload", (event) => {
      if (store.trouble && set.examples.length) event.preventDefault();
    });
  }

  /**
   * Take up the examples in a .zip, those that are not here yet.
   * @param {File} file
   */
  async open(file) {
    try {
      const read = await readExamples(file);
      /** @param {NewExample} one @param {number} i */
      const isOld = (one, i) => [...this.#set.examples, ...read.slice(0, i)].some((other) => isSame(one, other));
      const fresh = read.filter((one, i) => !isOld(one, i));
      await this.#panel.change(this.#set.add(fresh));
      const { examples, twins } = this.#set;
      const again = examples.slice(examples.length - fresh.length).filter((one) => twins.has(one));
      this.#panel.say(opened(file, read, read.length - fresh.length + again.length));
    } catch (error) {
      this.#panel.say(messageOf(error));
    }
  }

  /** @param {File} [file] */
  #choose(file) {
    if (file) this.open(file);
  }

  #ask() {
    part("forget-what").textContent = `Forget ${many(this.#set.examples.length, "example")}? They cannot be brought back.`;
    part("forget-ask").showModal();
  }

  async #forget() {
    part("forget-ask").close();
    await this.#panel.change(this.#set.forget());
    this.#panel.say("All your signs are forgotten.");
    part("teach-sign").focus();
  }
}

/** @param {Bytes} bytes @param {string} name */
function download(bytes, name) {
  const url = URL.createObjectURL(new Blob([bytes]));
  Object.assign(document.createElement("a"), { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
