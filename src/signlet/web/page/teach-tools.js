// What can be done with all taught signs: saving, opening, choosing, forgetting.

import { folderFile } from "../clips/clips.js";
import { isSame, readExamples } from "../teach/files.js";
import { many, opened } from "../teach/words.js";

const part = (id) => document.getElementById(id);

export class TeachTools {
  #set;
  #panel;

  /** set, store: see teach/set.js and teach/store.js. panel: is told what changes, and what to say. */
  constructor(set, store, panel) {
    this.#set = set;
    this.#panel = panel;
    const click = (id, action) => part(id).addEventListener("click", action);
    click("save", () => download(folderFile(set.examples), "clips.zip"));
    click("teach-open", () => part("teach-file").click());
    click("forget", () => this.#ask());
    click("forget-yes", () => this.#forget());
    click("forget-no", () => part("forget-ask").close());
    part("teach-file").addEventListener("change", ({ target }) => this.#choose(target));
    part("teach-with").addEventListener("change", ({ target }) => panel.change(set.choose(target.value)));
    window.addEventListener("beforeunload", (event) => {
      if (store.trouble && set.examples.length) event.preventDefault();
    });
  }

  /** Take up the examples in a .zip, those that are not here yet. */
  async open(file) {
    try {
      const read = await readExamples(file);
      const isOld = (one, i) => [...this.#set.examples, ...read.slice(0, i)].some((other) => isSame(one, other));
      const fresh = read.filter((one, i) => !isOld(one, i));
      await this.#panel.change(this.#set.add(fresh));
      const { examples, twins } = this.#set;
      const again = examples.slice(examples.length - fresh.length).filter((one) => twins.has(one));
      this.#panel.say(opened(file, read, read.length - fresh.length + again.length));
    } catch (error) {
      this.#panel.say(error.message);
    }
  }

  #choose(input) {
    const [file] = input.files;
    input.value = "";
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

function download(bytes, name) {
  const url = URL.createObjectURL(new Blob([bytes]));
  Object.assign(document.createElement("a"), { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
