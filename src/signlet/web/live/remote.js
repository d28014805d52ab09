// A worker whose questions are answered by promises.

/**
 * A worker of one of this page's scripts. It is started from a blob: such a worker keeps the
 * page's Content-Security-Policy, which one that is fetched would not. So a worker cannot send
 * anything to another server either.
 */
export class Remote {
  #worker;
  #waiting = new Map();
  #count = 0;
  #broken = null;

  /** file: name of the script beside this one. type: "classic" or "module". */
  constructor(file, type) {
    const url = new URL(file, import.meta.url).href;
    const code = type === "module" ? `import ${JSON.stringify(url)};` : `importScripts(${JSON.stringify(url)});`;
    const blob = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
    this.ready = type === "module" ? this.#wait(0) : Promise.resolve();
    this.ready.catch(() => {}); // whoever asks is told again
    this.#worker = new Worker(blob, { type });
    this.#worker.onmessage = ({ data }) => this.#settle(data);
    this.#worker.onerror = (event) => this.#fail(event.message || `${file} cannot be loaded`);
  }

  /** Ask the worker. transfer: what is handed over, not copied. Rejects with its Error. */
  async call(kind, what = {}, transfer = []) {
    await this.ready;
    if (this.#broken) throw new Error(this.#broken);
    const id = ++this.#count;
    const answer = this.#wait(id);
    this.#worker.postMessage({ id, kind, what }, transfer);
    return answer;
  }

  /** Whether the worker has died, or never started. */
  get broken() {
    return this.#broken !== null;
  }

  #wait(id) {
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  #settle({ id, answer, error }) {
    const { resolve, reject } = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) resolve(answer);
    else reject(new Error(error));
  }

  #fail(message) {
    this.#broken = message;
    for (const { reject } of this.#waiting.values()) reject(new Error(message));
    this.#waiting.clear();
  }
}
