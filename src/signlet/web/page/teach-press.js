// A button that is held, or tapped.

const TAP = 350; // milliseconds; longer is held

/**
 * on: { down(), up(tapped) }, called when it is pressed and let go: by a pointer, by Enter or the
 * space key. wanted: whether the space key anywhere else on the page counts too, at the moment.
 * @param {HTMLButtonElement} button @param {{ down: () => void, up: (tapped: boolean) => void }} on
 * @param {() => unknown} wanted
 */
export function holdable(button, on, wanted) {
  /** @type {number | null} */
  let since = null;

  function down() {
    if (since !== null) return;
    since = performance.now();
    button.classList.add("held");
    on.down();
  }

  function up(cut = false) {
    if (since === null) return;
    const tapped = !cut && performance.now() - since < TAP;
    since = null;
    button.classList.remove("held");
    on.up(tapped);
  }

  button.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    button.setPointerCapture(event.pointerId);
    down();
  });
  for (const name of ["pointerup", "pointercancel"]) button.addEventListener(name, () => up(name === "pointercancel"));
  button.addEventListener("contextmenu", (event) => event.preventDefault()); // a long touch
  button.addEventListener("click", (event) => {
    if (event.detail !== 0) return; // of a pointer, which was seen already
    down(); // a screen reader's press
    up();
  });
  window.addEventListener("blur", () => up(true));

  /** @param {KeyboardEvent} event */
  const ours = ({ key, target }) => (
    target === button ? key === " " || key === "Enter" : key === " " && wanted() && isFree(/** @type {Element} */ (target))
  );
  document.addEventListener("keydown", (event) => {
    if (!ours(event) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    if (!event.repeat) down();
  });
  document.addEventListener("keyup", (event) => {
    if (since === null || (event.key !== " " && event.key !== "Enter")) return;
    event.preventDefault();
    up();
  });
}

/**
 * Whether the space key does nothing there but scroll.
 * @param {Element} target
 */
function isFree(target) {
  return !target.closest("input, select, textarea, button, summary, a, dialog");
}
