/**
 * Moving skeletons and sortable tables of a page. No library, no request.
 *
 * `signlet.report.page` writes this file into each page, as a module.
 */

/**
 * @typedef {{data: string, frames: number, rate: number}} Clip
 *   data: base64 of (T, P, 2) uint16, little end first. rate: frames a second.
 * @typedef {{points: number, edges: Record<string, [number, number][]>, dots: Record<string, number[]>, clips: Clip[]}} Skeletons
 *   points: P of a frame. edges, dots: part -> points that are joined, or marked.
 */

const NOT_FOUND = 65535;
const FULL = 65534; // the middle third of 0..FULL is the picture, the rest lies outside
const HOLD = 700; // milliseconds that the last frame stays before the clip starts again
/** @type {Record<string, number>} */
const WIDTHS = { left_hand: 1.6, right_hand: 1.6, pose: 1.8, arms: 1.8, lips: 0.9, face: 0.9 };
/** @type {Record<string, string>} */
const TOKENS = { left_hand: "--left", right_hand: "--right" };

/** Numbers (T, P, 2) of a clip, in one row. @param {string} text */
export function decode(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Uint16Array.from({ length: bytes.length / 2 }, (_, i) => view.getUint16(2 * i, true));
}

/**
 * Where a point lies in a picture of `side` pixels; null where it was not found.
 * @param {Uint16Array} values of a clip
 * @param {number} point counted over all frames
 * @param {number} side
 * @returns {[number, number] | null}
 */
export function placed(values, point, side) {
  const [x, y] = [values[2 * point], values[2 * point + 1]];
  return x === NOT_FOUND ? null : [((3 * x) / FULL - 1) * side, ((3 * y) / FULL - 1) * side];
}

/** The order of two cells: of numbers by size, of anything else by the alphabet. @param {string} a @param {string} b */
export function order(a, b) {
  const [x, y] = [Number(a), Number(b)];
  return isNaN(x) || isNaN(y) ? a.localeCompare(b) : x - y;
}

/** @param {string} part */
function colour(part) {
  const style = getComputedStyle(document.documentElement);
  return style.getPropertyValue(TOKENS[part] || "--body").trim();
}

/**
 * The first element of a kind within another one, which has to be there.
 * @template {Element} T
 * @param {ParentNode} parent @param {string} selector @param {new () => T} kind
 * @returns {T}
 */
function within(parent, selector, kind) {
  const found = parent.querySelector(selector);
  if (found instanceof kind) return found;
  throw new Error(`the page has no ${selector}`);
}

/** One clip that plays in its figure. */
class Player {
  /** @param {HTMLElement} figure @param {Clip} clip @param {Skeletons} skeleton @param {boolean} calm */
  constructor(figure, clip, skeleton, calm) {
    this.clip = clip;
    this.skeleton = skeleton;
    this.values = decode(clip.data);
    this.canvas = within(figure, "canvas", HTMLCanvasElement);
    this.button = within(figure, "button.play", HTMLButtonElement);
    this.slider = within(figure, "input", HTMLInputElement);
    this.label = within(figure, ".at", HTMLElement);
    this.title = (this.button.getAttribute("aria-label") ?? "").replace(/^Play /, "");
    this.visible = true;
    this.playing = false;
    this.frame = this.due = 0;
    this.show(clip.frames >> 1);
    this.play(!calm && clip.frames > 1);
    this.button.addEventListener("click", () => this.play(!this.playing));
    this.slider.addEventListener("input", () => {
      this.play(false);
      this.show(Number(this.slider.value));
    });
  }

  /** @param {boolean} on */
  play(on) {
    this.playing = on;
    this.due = 0;
    this.button.textContent = on ? "❚❚" : "▶";
    this.button.setAttribute("aria-label", `${on ? "Pause" : "Play"} ${this.title}`);
  }

  /** @param {number} frame */
  show(frame) {
    this.frame = frame;
    this.slider.value = String(frame);
    this.slider.setAttribute("aria-valuetext", `frame ${frame + 1} of ${this.clip.frames}`);
    this.label.textContent = `${frame + 1}/${this.clip.frames}`;
    this.draw();
  }

  /** The time is now: the next frame where it is due. @param {number} now milliseconds */
  tick(now) {
    if (!this.playing || !this.visible || now < this.due) return;
    const next = (this.frame + 1) % this.clip.frames;
    if (this.due) this.show(next);
    this.due = now + 1000 / this.clip.rate + (this.frame === this.clip.frames - 1 ? HOLD : 0);
  }

  draw() {
    const side = Math.max(1, Math.round(this.canvas.clientWidth * (window.devicePixelRatio || 1)));
    if (this.canvas.width !== side) this.canvas.width = this.canvas.height = side;
    const pen = this.canvas.getContext("2d");
    if (!pen) return;
    pen.clearRect(0, 0, side, side);
    const width = Math.min(side / 200, 1.7 * (window.devicePixelRatio || 1));
    pen.lineCap = pen.lineJoin = "round";
    for (const [part, edges] of Object.entries(this.skeleton.edges)) {
      pen.strokeStyle = colour(part);
      pen.lineWidth = WIDTHS[part] * width;
      this.lines(pen, edges, side);
    }
    for (const [part, points] of Object.entries(this.skeleton.dots)) {
      pen.fillStyle = colour(part);
      this.dots(pen, points, side, 1.5 * width);
    }
  }

  /** @param {number} point of this frame @param {number} side */
  at(point, side) {
    return placed(this.values, this.frame * this.skeleton.points + point, side);
  }

  /** @param {CanvasRenderingContext2D} pen @param {[number, number][]} edges @param {number} side */
  lines(pen, edges, side) {
    pen.beginPath();
    for (const [a, b] of edges) {
      const from = this.at(a, side);
      const to = this.at(b, side);
      if (!from || !to) continue;
      pen.moveTo(...from);
      pen.lineTo(...to);
    }
    pen.stroke();
  }

  /** @param {CanvasRenderingContext2D} pen @param {number[]} points @param {number} side @param {number} radius */
  dots(pen, points, side, radius) {
    for (const point of points) {
      const place = this.at(point, side);
      if (!place) continue;
      pen.beginPath();
      pen.arc(...place, radius, 0, 2 * Math.PI);
      pen.fill();
    }
  }
}

function startPlayers() {
  const source = document.getElementById("skeletons");
  if (!source) return;
  /** @type {Skeletons} */
  const skeleton = JSON.parse(source.textContent ?? "");
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const figures = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("figure.clip")]);
  const players = figures.map((figure) => new Player(figure, skeleton.clips[Number(figure.dataset.clip)], skeleton, calm));
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      players[figures.findIndex((figure) => figure === entry.target)].visible = entry.isIntersecting;
    }
  });
  figures.forEach((figure) => seen.observe(figure));
  const redraw = () => players.forEach((player) => player.draw());
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  window.addEventListener("resize", redraw);
  allButton(players, calm);
  const loop = (/** @type {number} */ now) => {
    players.forEach((player) => player.tick(now));
    requestAnimationFrame(loop);
  };
  requestAnimationFrame(loop);
}

/** @param {Player[]} players @param {boolean} calm */
function allButton(players, calm) {
  const button = document.querySelector("button.all");
  if (!button) return;
  const say = (/** @type {boolean} */ playing) => {
    button.textContent = playing ? "Pause all" : "Play all";
  };
  say(!calm);
  button.addEventListener("click", () => {
    const on = button.textContent === "Play all";
    players.forEach((player) => player.play(on));
    say(on);
  });
}

/** @param {HTMLTableElement} table */
function sortable(table) {
  const body = table.tBodies[0];
  const heads = [...(table.tHead?.rows[0].cells ?? [])];
  const value = (/** @type {HTMLTableRowElement} */ row, /** @type {number} */ column) =>
    row.cells[column].dataset.value ?? row.cells[column].textContent ?? "";
  const sort = (/** @type {number} */ column, /** @type {boolean} */ up) => {
    const rows = [...body.rows].sort((a, b) => order(value(a, column), value(b, column)));
    body.append(...(up ? rows : rows.reverse()));
  };
  heads.forEach((head, column) => {
    if (head.hasAttribute("data-fixed")) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      sort(column, up);
    });
  });
}

if (globalThis.document) {
  startPlayers();
  document.querySelectorAll("table.sortable").forEach((table) => sortable(/** @type {HTMLTableElement} */ (table)));
}
