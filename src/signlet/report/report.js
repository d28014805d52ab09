/* Moving skeletons and sortable tables. No library, no request. */
"use strict";

(() => {
  const NOT_FOUND = 65535;
  const FULL = 65534; // the middle third of 0..FULL is the picture, the rest lies outside
  const HOLD = 700; // milliseconds that the last frame stays before the clip starts again
  const WIDTHS = { left_hand: 1.6, right_hand: 1.6, pose: 1.8, arms: 1.8, lips: 0.9, face: 0.9 };
  const TOKENS = { left_hand: "--left", right_hand: "--right" };
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;

  function decode(text) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const view = new DataView(bytes.buffer);
    return Uint16Array.from({ length: bytes.length / 2 }, (_, i) => view.getUint16(2 * i, true));
  }

  function colour(part) {
    const style = getComputedStyle(document.documentElement);
    return style.getPropertyValue(TOKENS[part] || "--body").trim();
  }

  class Player {
    constructor(figure, clip, skeleton) {
      this.clip = clip;
      this.skeleton = skeleton;
      this.values = decode(clip.data);
      this.canvas = figure.querySelector("canvas");
      this.button = figure.querySelector("button.play");
      this.slider = figure.querySelector("input");
      this.label = figure.querySelector(".at");
      this.title = this.button.getAttribute("aria-label").replace(/^Play /, "");
      this.visible = true;
      this.show(clip.frames >> 1);
      this.play(!calm && clip.frames > 1);
      this.button.addEventListener("click", () => this.play(!this.playing));
      this.slider.addEventListener("input", () => {
        this.play(false);
        this.show(Number(this.slider.value));
      });
    }

    play(on) {
      this.playing = on;
      this.due = 0;
      this.button.textContent = on ? "❚❚" : "▶";
      this.button.setAttribute("aria-label", `${on ? "Pause" : "Play"} ${this.title}`);
    }

    show(frame) {
      this.frame = frame;
      this.slider.value = frame;
      this.slider.setAttribute("aria-valuetext", `frame ${frame + 1} of ${this.clip.frames}`);
      this.label.textContent = `${frame + 1}/${this.clip.frames}`;
      this.draw();
    }

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

    at(point, side) {
      const i = 2 * (this.frame * this.skeleton.points + point);
      if (this.values[i] === NOT_FOUND) return null;
      return [this.values[i], this.values[i + 1]].map((v) => ((3 * v) / FULL - 1) * side);
    }

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
    const skeleton = JSON.parse(source.textContent);
    const figures = [...document.querySelectorAll("figure.clip")];
    const players = figures.map((f) => new Player(f, skeleton.clips[f.dataset.clip], skeleton));
    const seen = new IntersectionObserver((entries) => {
      for (const entry of entries) players[figures.indexOf(entry.target)].visible = entry.isIntersecting;
    });
    figures.forEach((figure) => seen.observe(figure));
    const redraw = () => players.forEach((player) => player.draw());
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
    window.addEventListener("resize", redraw);
    allButton(players);
    const loop = (now) => {
      players.forEach((player) => player.tick(now));
      requestAnimationFrame(loop);
    };
    requestAnimationFrame(loop);
  }

  function allButton(players) {
    const button = document.querySelector("button.all");
    if (!button) return;
    const say = (playing) => (button.textContent = playing ? "Pause all" : "Play all");
    say(!calm);
    button.addEventListener("click", () => {
      const on = button.textContent === "Play all";
      players.forEach((player) => player.play(on));
      say(on);
    });
  }

  function sortable(table) {
    const body = table.tBodies[0];
    const heads = [...table.tHead.rows[0].cells];
    const value = (row, column) => row.cells[column].dataset.value ?? row.cells[column].textContent;
    const order = (a, b) => (isNaN(a) || isNaN(b) ? a.localeCompare(b) : a - b);
    const sort = (column, up) => {
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

  startPlayers();
  document.querySelectorAll("table.sortable").forEach(sortable);
})();
