// The examples of taught signs, kept by this browser on this machine (IndexedDB).

/** @import { Example } from "../types.js" */

const NAME = "signlet";
const VERSION = 1;
const EXAMPLES = "examples";
const SETTINGS = "settings";

/** Where the browser keeps nothing, or has no room, it goes on without and `trouble` says so. */
export class Store {
  /** @type {string | null} */
  trouble = null; // a sentence for the user
  #opened;

  constructor() {
    this.#opened = open().catch(() => {
      this.trouble = "This browser keeps nothing for this page: a reload deletes your signs. Save them to a file first.";
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
      return await finished(database.transaction(name, mode), (transaction) => ask(transaction.objectStore(name)));
    } catch (error) {
      const reason = /** @type {DOMException | null} */ (error);
      this.trouble = reason?.name === "QuotaExceededError"
        ? "This browser has no room left: a reload deletes some of your signs. Save them to a file first."
        : `This browser could not keep everything (${reason?.message || reason?.name}): a reload deletes some of it. Save your signs to a file first.`;
      return undefined;
    }
  }
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
