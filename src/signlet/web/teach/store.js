// The examples of taught signs, kept by this browser on this machine (IndexedDB).

/** @import { Example } from "../types.js" */

const NAME = "signlet";
const VERSION = 1;
const EXAMPLES = "examples";
const SETTINGS = "settings";
const PATIENCE = 5000; // milliseconds; a browser's storage may hang, and the page goes on without it

/**
 * Where the browser keeps nothing, has no room or does not answer, it goes on without and `trouble`
 * says so.
 */
export class Store {
  /** @type {string | null} */
  trouble = null; // a sentence for the user
  #opened;

  constructor() {
    this.#opened = answered(open()).catch((error) => {
      this.trouble = error instanceof Hangs ? error.message
        : "This browser keeps nothing for this page: a reload deletes your signs. Save them to a file first.";
      return null;
    });
  }

  /**
   * All examples that were kept, with their `id`, oldest first.
   * @returns {Promise<Example[]>}
   */
  async all() {
    const examples = await this.#ask(EXAMPLES, "readonly", (store) => store.getAll());
    return examples ?? [];
  }

  /**
   * Keep an example; gives its id, null where it could not be kept.
   * @param {Omit<Example, "id" | "embedding">} example @returns {Promise<number | null>}
   */
  async add(example) {
    const id = await this.#ask(EXAMPLES, "readwrite", (store) => store.add(example));
    return id === undefined ? null : Number(id);
  }

  /** @param {number | null} id */
  async remove(id) {
    if (id !== null) await this.#ask(EXAMPLES, "readwrite", (store) => store.delete(id));
  }

  /** Forget all examples and settings. */
  async clear() {
    for (const store of [EXAMPLES, SETTINGS]) await this.#ask(store, "readwrite", (opened) => opened.clear());
  }

  /** @param {string} name */
  async setting(name) {
    return this.#ask(SETTINGS, "readonly", (store) => store.get(name));
  }

  /** @param {string} name @param {unknown} value */
  async set(name, value) {
    await this.#ask(SETTINGS, "readwrite", (store) => store.put(value, name));
  }

  /**
   * What a request gives once it is on the disk; undefined where it fails.
   * @template Value @param {string} name @param {IDBTransactionMode} mode
   * @param {(store: IDBObjectStore) => IDBRequest<Value>} ask
   */
  async #ask(name, mode, ask) {
    const database = await this.#opened;
    if (!database) return undefined;
    try {
      return await answered(finished(database.transaction(name, mode), (transaction) => ask(transaction.objectStore(name))));
    } catch (error) {
      if (error instanceof Hangs) {
        this.#opened = Promise.resolve(null); // whoever asks again need not wait
        this.trouble = error.message;
        return undefined;
      }
      const reason = /** @type {DOMException | null} */ (error);
      this.trouble = reason?.name === "QuotaExceededError"
        ? "This browser has no room left: a reload deletes some of your signs. Save them to a file first."
        : `This browser could not keep everything (${reason?.message || reason?.name}): a reload deletes some of it. Save your signs to a file first.`;
      return undefined;
    }
  }
}

class Hangs extends Error {
  message = "This browser's storage does not answer: signs that you taught before may be missing, and new ones are lost with a reload. Save them to a file, then load the page again.";
}

/**
 * What is promised, unless it does not come in time. @template Value @param {Promise<Value>} promised
 * @returns {Promise<Value>}
 */
function answered(promised) {
  return new Promise((resolve, reject) => {
    const end = setTimeout(() => reject(new Hangs()), PATIENCE);
    promised.then(resolve, reject).finally(() => clearTimeout(end));
  });
}

/**
 * @template Value @param {IDBTransaction} transaction @param {(transaction: IDBTransaction) => IDBRequest<Value>} ask
 * @returns {Promise<Value>}
 */
function finished(transaction, ask) {
  return new Promise((resolve, reject) => {
    const request = ask(transaction);
    transaction.oncomplete = () => resolve(request.result);
    transaction.onerror = transaction.onabort = () => reject(transaction.error ?? request.error);
  });
}

/** @returns {Promise<IDBDatabase>} */
function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, VERSION);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(EXAMPLES, { keyPath: "id", autoIncrement: true });
      request.result.createObjectStore(SETTINGS);
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = request.onblocked = () => reject(request.error);
  });
}
