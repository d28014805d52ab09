// A worker whose questions are answered by promises.

/** @import { Questions } from "../types.js" */

/**
 * A worker of one of this page's scripts. It is started from a blob: such a worker keeps the
 * page's Content-Security-Policy, which one that is fetched would not. So a worker cannot send
 * anything to another server either.
 * @template {Questions} Asked
 */
export class Remote {
  #worker;
  /** @type {Map<number, { resolve: (answer: any) => void, reject: (error: Error) => void }>} */
  #waiting = new Map();
  #count = 0;
  /** @type {string | null} */
  #broken = null;

  /**
   * file: name of the script beside this one. type: "classic" or "module".
   * @param {string} file @param {WorkerType} type
   */
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

  /**
   * Ask the worker. transfer: what is handed over, not copied. Rejects with its Error.
   * @template {keyof Asked} Kind @param {Kind} kind @param {Asked[Kind][0]} [what] @param {Transferable[]} [transfer]
   * @returns {Promise<Asked[Kind][1]>}
   */
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

  /** @param {number} id @returns {Promise<any>} */
  #wait(id) {
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  /** @param {{ id: number, answer?: unknown, error?: string }} message */
  #settle({ id, answer, error }) {
    const asked = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) asked?.resolve(answer);
    else asked?.reject(new Error(error));
  }

  /** @param {string} message */
  #fail(message) {
    this.#broken = message;
    for (const { reject } of this.#waiting.values()) reject(new Error(message));
    this.#waiting.clear();
  }
}
