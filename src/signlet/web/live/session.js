// One source from its start to its end: frames to landmarks to signs.

const WINDOW = 20; // frames over which the rate is taken

export class Session {
  #gate = Promise.resolve();
  #open = null;
  #stamps = [];
  #pushed = Promise.resolve();
  #aborted = new AbortController();

  /**
   * tracker, recogniser: the workers. on: { frame, answer, figures }, called with what was found.
   * mirrored: the pictures show a mirror image.
   */
  constructor({ tracker, recogniser, on, mirrored }) {
    Object.assign(this, { tracker, recogniser, on, mirrored });
    this.signal = this.#aborted.signal;
  }

  /** Run until the source ends or `stop` is called, then answer what is still open. */
  async run(frames) {
    await this.recogniser.call("start", { mirrored: this.mirrored });
    await this.tracker?.call("start");
    for await (const { time, picture, frame } of frames) {
      await this.#gate;
      const before = performance.now();
      const found = picture ? await this.tracker.call("find", { picture, time }, [picture]) : frame;
      if (this.signal.aborted) break; // nobody waits for this frame any more
      this.#count(picture ? performance.now() - before : null);
      this.on.frame(found, time);
      this.#push(found, time);
      await this.#gate; // before the next frame is asked for, so that none waits
    }
    await this.#pushed;
    this.#answer(await this.recogniser.call("finish"), null);
  }

  /** Hold the source, or go on. */
  pause(on) {
    if (on && !this.#open) this.#gate = new Promise((resolve) => { this.#open = resolve; });
    if (!on) this.#release();
  }

  get paused() {
    return this.#open !== null;
  }

  stop() {
    this.#aborted.abort();
    this.#release();
  }

  /**
   * What a promise gives, or a rejection as soon as the session is stopped.
   * late: is given what came too late.
   */
  until(promise, late = () => {}) {
    return new Promise((resolve, reject) => {
      const stopped = () => reject(this.signal.reason);
      if (this.signal.aborted) stopped();
      this.signal.addEventListener("abort", stopped);
      promise.then((value) => (this.signal.aborted ? late(value) : resolve(value)), reject);
    });
  }

  #release() {
    this.#open?.();
    this.#open = null;
  }

  #push(found, time) {
    const frame = found.slice();
    // Not awaited: while the model names a sign, the next frame is looked at.
    this.#pushed = this.recogniser.call("push", { frame, time }, [frame.buffer])
      .then((answer) => this.#answer(answer, time));
    this.#pushed.catch((error) => {
      this.on.failed(error);
      this.stop();
    });
  }

  #answer(answer, time) {
    this.on.answer(answer);
    if (!answer.events.length) return;
    const figures = { naming: answer.milliseconds / answer.events.length };
    if (time !== null) figures.delay = time - answer.events.at(-1).end;
    this.on.figures(figures);
  }

  #count(milliseconds) {
    const now = performance.now();
    this.#stamps = [...this.#stamps, now].slice(-WINDOW);
    const span = (now - this.#stamps[0]) / 1000;
    const figures = {};
    if (span > 0) figures.rate = (this.#stamps.length - 1) / span;
    if (milliseconds !== null) figures.finding = milliseconds;
    this.on.figures(figures);
  }
}
