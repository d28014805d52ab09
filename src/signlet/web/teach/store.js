// The examples of taught signs, kept by this browser on this machine (IndexedDB).

const NAME = "signlet";
const VERSION = 1;
const EXAMPLES = "examples";
const SETTINGS = "settings";

/** Where the browser keeps nothing, or has no room, it goes on without and `trouble` says so. */
export class Store {
  trouble = null; // a sentence for the user
  #opened;

  constructor() {
    this.#opened = open().catch(() => {
      this.trouble = "This browser keeps nothing for this page: your signs are gone after a reload. Save them to a file before.";
      return null;
    });
  }

  /** All examples that were kept, with their `id`, oldest first. */
  async all() {
    const examples = await this.#ask(EXAMPLES, "readonly", (store) => store.getAll());
    return examples ?? [];
  }

  /** Keep an example; gives its id, null where it could not be kept. */
  async add(example) {
    return (await this.#ask(EXAMPLES, "readwrite", (store) => store.add(example))) ?? null;
  }

  async remove(id) {
    if (id !== null) await this.#ask(EXAMPLES, "readwrite", (store) => store.delete(id));
  }

  /** Forget all examples and settings. */
  async clear() {
    for (const store of [EXAMPLES, SETTINGS]) await this.#ask(store, "readwrite", (opened) => opened.clear());
  }

  async setting(name) {
    return this.#ask(SETTINGS, "readonly", (store) => store.get(name));
  }

  async set(name, value) {
    await this.#ask(SETTINGS, "readwrite", (store) => store.put(value, name));
  }

  /** What a request gives once it is on the disk; undefined where it fails. */
  async #ask(name, mode, ask) {
    const database = await this.#opened;
    if (!database) return undefined;
    try {
      return await finished(database.transaction(name, mode), (transaction) => ask(transaction.objectStore(name)));
    } catch (error) {
      this.trouble = error?.name === "QuotaExceededError"
        ? "This browser has no room left: some of your signs are gone after a reload. Save them to a file before."
        : `This browser could not keep everything (${error?.message || error?.name}): some of it is gone after a reload. Save your signs to a file before.`;
      return undefined;
    }
  }
}

function finished(transaction, ask) {
  return new Promise((resolve, reject) => {
    const request = ask(transaction);
    transaction.oncomplete = () => resolve(request.result);
    transaction.onerror = transaction.onabort = () => reject(transaction.error ?? request.error);
  });
}

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
