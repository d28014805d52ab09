// The recordings of own signs: their list, and saving them.

import { clipFile, fileName, folderFile, takeName } from "./clips.js";
import { element } from "./signs.js";

export class Takes {
  #part = (id) => document.getElementById(id);
  #clips = [];

  constructor() {
    this.#part("save").addEventListener("click", () => download(folderFile(this.#clips), "clips.zip"));
    window.addEventListener("beforeunload", (event) => {
      if (this.#clips.some((clip) => !clip.saved)) event.preventDefault();
    });
  }

  /** Keep a recording under the sign and signer that are typed in now. */
  add(recording) {
    const sign = fileName(this.#part("take-sign").value) || "unnamed";
    const signer = fileName(this.#part("take-signer").value) || "me";
    const clip = { ...recording, sign, name: takeName(this.#clips, sign, signer), saved: false };
    this.#clips.push(clip);
    this.#part("takes").append(this.#item(clip));
    this.#note(`Recorded ${clip.sign}/${clip.name}: ${clip.T} frames.`);
  }

  say(text) {
    this.#part("take-note").textContent = text;
  }

  #item(clip) {
    const item = element("li");
    const title = `${clip.sign}/${clip.name}`;
    const seconds = clip.times.at(-1).toFixed(1);
    const save = button("Save", `Save ${title}`, () => {
      clip.saved = true;
      download(clipFile(clip), clip.name);
    });
    const remove = button("Delete", `Delete ${title}`, () => {
      this.#clips = this.#clips.filter((other) => other !== clip);
      item.remove();
      this.#note(`Deleted ${title}.`);
      this.#part("take-sign").focus();
    });
    item.append(element("span", "title", title), element("span", "quiet", `${clip.T} frames, ${seconds} s`), save, remove);
    return item;
  }

  #note(text) {
    this.say(text);
    this.#part("save").hidden = this.#clips.length === 0;
  }
}

function button(text, label, action) {
  const made = element("button", "plain", text);
  made.type = "button";
  made.setAttribute("aria-label", label);
  made.addEventListener("click", action);
  return made;
}

function download(bytes, name) {
  const url = URL.createObjectURL(new Blob([bytes]));
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
