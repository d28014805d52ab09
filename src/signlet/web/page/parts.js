// The parts of index.html, and making more of them.

/** @import { Parts } from "../types.js" */

/**
 * The part with an id. Throws an Error where index.html has none.
 * @template {keyof Parts} Id @param {Id} id @returns {Parts[Id]}
 */
export function part(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no part ${id}`);
  return /** @type {Parts[Id]} */ (found);
}

/**
 * An element with a class and a text.
 * @template {keyof HTMLElementTagNameMap} Name @param {Name} name @param {string} [kind] @param {string} [text]
 */
export function element(name, kind = "", text = "") {
  const made = document.createElement(name);
  if (kind) made.className = kind;
  made.textContent = text;
  return made;
}

/** Write a text in which no flag of the command line breaks over lines. @param {HTMLElement} where @param {string} text */
export function write(where, text) {
  const pieces = text.split(/(--[a-z][\w-]*)/);
  where.replaceChildren(...pieces.flatMap((piece, i) => (i % 2 ? element("span", "flag", piece) : piece || [])));
}

/** Write on a button that has a dot before its text. @param {HTMLButtonElement} button @param {string} text */
export function label(button, text) {
  if (button.lastElementChild) button.lastElementChild.textContent = text;
}

/** The file that was chosen in a field, which forgets it: so it can be chosen again. @param {HTMLInputElement} input */
export function chosenFile(input) {
  const file = input.files?.[0];
  input.value = "";
  return file;
}

/** What an error says. @param {unknown} error */
export function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}
