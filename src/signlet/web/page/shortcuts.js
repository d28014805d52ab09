// Keys, and files that are dropped on the page.

import { part } from "./parts.js";

const KEYS = new Map([["c", part("start")], ["p", part("pause")], ["r", part("record")]]);

/** The keys that the settings name. */
export function listenForKeys() {
  document.addEventListener("keydown", pressed);
}

/** @param {KeyboardEvent} event */
function pressed(event) {
  const typing = /** @type {Element} */ (event.target).closest("input, select, textarea");
  if (!part("keys").checked || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const button = KEYS.get(event.key.toLowerCase());
  if (!button || button.disabled) return;
  event.preventDefault();
  button.click();
}

/** A file that is dropped anywhere. @param {(file: File) => void} open */
export function listenForDrops(open) {
  const drop = part("drop");
  document.addEventListener("dragover", (event) => { event.preventDefault(); drop.hidden = false; });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) drop.hidden = true; });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.hidden = true;
    const file = event.dataTransfer?.files[0];
    if (file) open(file);
  });
}
