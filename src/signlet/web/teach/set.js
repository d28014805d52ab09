// The signs that were taught on this page, and what the model in use makes of them. No DOM.

/** @import { Advice, AdviceOf, Card, Clip, Embedding, Example, Head, NewExample, RecogniseQuestions, Shown, Teaching, Use, Way } from "../types.js" */
/** @import { Remote } from "../live/remote.js" */
/** @import { Store } from "./store.js" */

import { takeName } from "../clips/clips.js";
import { halved } from "../clips/float16.js";
import { advise, distinct, teach, torn } from "../model/teach.js";
import { readTeaching } from "../model/teach-card.js";

/** What the page names: the taught signs beside the model's own, only them, or only its own. */
export const BOTH = "both";
export const OWN = "own";
export const MODEL = "model";
const WISH = "with"; // the name of the setting

export class TaughtSet {
  /** @type {Example[]} */
  examples = []; // { sign, signer, name, frames, times, T, fps, id, embedding }
  /** @type {Way} */
  wish = BOTH;
  /** @type {Way} */
  #stored = BOTH; // the wish for models without taught signs of their own
  /** @type {Shown[]} */
  #all = []; // what is taught: the examples of the model's file, then those of this page
  #remote;
  #store;
  /** @type {Teaching} */
  #known = { own: [], teaching: {}, taught: null };
  /** @type {Card | null} */
  #card = null;
  /** @type {Head | null} */
  #head = null; // of all examples, whether it is in use or not
  /** @type {Promise<unknown>} */
  #turn = Promise.resolve(); // one change after the other

  /**
   * remote: of recognise-worker.js. store: see store.js.
   * @param {Remote<RecogniseQuestions>} remote @param {Store} store
   */
  constructor(remote, store) {
    this.#remote = remote;
    this.#store = store;
  }

  /** Take up what this browser has kept. */
  async restore() {
    this.#stored = (await this.#store.setting(WISH)) ?? BOTH;
    this.examples = (await this.#store.all()).map((example) => ({ ...example, embedding: null }));
  }

  /** Whether there is a model. */
  get loaded() {
    return this.#card !== null;
  }

  /** Whether the model in use can be taught. */
  get able() {
    return Boolean(this.#card?.embedding);
  }

  /** Whether it says what its own signs look like, so that they can be named beside others. */
  get canBoth() {
    return this.#known.own.length > 0;
  }

  /** What the page names now: BOTH, OWN or MODEL. @returns {Way} */
  get way() {
    if (!this.able || !this.#all.length) return MODEL;
    return this.wish === BOTH && !this.canBoth ? OWN : this.wish;
  }

  /**
   * Of each sign that the model's file brings along: [sign, number of its examples].
   * @returns {Map<string, number>}
   */
  get brought() {
    const counts = new Map();
    for (const { sign } of this.#known.taught?.examples ?? []) counts.set(sign, (counts.get(sign) ?? 0) + 1);
    return counts;
  }

  /** Examples of this page that count no more, because they are one clip with an earlier one. */
  get twins() {
    const counted = new Set(/** @type {object[]} */ (this.#all));
    return new Set(this.examples.filter((example) => example.embedding && !counted.has(example)));
  }

  /** How many examples of a sign count. @param {string} sign */
  count(sign) {
    const { brought, twins } = this;
    const ours = this.examples.filter((example) => example.sign === sign && !twins.has(example));
    return (brought.get(sign) ?? 0) + ours.length;
  }

  /** Taught signs that the model knows too; the taught ones take their place. */
  get replaced() {
    return this.#card ? this.#card.signs.filter((sign) => this.#all.some((one) => one.sign === sign)) : [];
  }

  /**
   * Another model is in use: what it makes of the examples. Throws where its card is damaged.
   * @param {Card} card @param {string} name @returns {Promise<Use>}
   */
  model(card, name) {
    return this.#next(async () => {
      this.#known = readTeaching(card, name);
      this.#card = card;
      const { taught } = this.#known;
      this.wish = taught ? (taught.head.kept ? BOTH : OWN) : this.#stored;
      for (const example of this.examples) example.embedding = await this.#embed(example).catch(() => null);
      return this.#apply();
    });
  }

  /**
   * Add examples: clips with sign and signer. Throws, and adds none, where the model takes one of
   * them not, or one clip is given for two signs.
   * @param {NewExample[]} clips @returns {Promise<Use>}
   */
  add(clips) {
    return this.#next(async () => {
      /** @type {(Float64Array | null)[]} */
      const embeddings = [];
      for (const clip of clips) embeddings.push(await this.#embed(clip));
      this.#requireWhole(clips.map(({ sign }, i) => ({ sign, embedding: embeddings[i] })).filter(isSeen));
      for (const [i, clip] of clips.entries()) {
        const kept = { ...clip, name: takeName(this.examples, clip.sign, clip.signer) };
        this.examples.push({ ...kept, id: await this.#store.add(kept), embedding: embeddings[i] });
      }
      return this.#apply();
    });
  }

  /** @param {Example} example @returns {Promise<Use>} */
  remove(example) {
    return this.#next(async () => {
      this.examples = this.examples.filter((one) => one !== example);
      await this.#store.remove(example.id);
      return this.#apply();
    });
  }

  /** @returns {Promise<Use>} */
  forget() {
    return this.#next(async () => {
      this.examples = [];
      await this.#store.clear();
      return this.#apply();
    });
  }

  /** @param {Way} wish @returns {Promise<Use>} */
  choose(wish) {
    return this.#next(async () => {
      this.wish = this.#stored = wish;
      await this.#store.set(WISH, wish);
      return this.#apply();
    });
  }

  /**
   * Of each example that the model has looked at, what `advise` of teach.js says, and `agrees`:
   * whether it is as like the others of its sign as a known sign should be, null for one alone.
   * @returns {AdviceOf}
   */
  get advice() {
    const head = this.#head;
    if (!head) return new Map();
    const told = advise(head, this.#all);
    /** @param {Advice} one */
    const agrees = ({ own }) => (own === null ? null : own >= head.threshold);
    return new Map(this.#all.map((example, i) => [example, { ...told[i], agrees: agrees(told[i]) }]));
  }

  #learn() {
    const { own, teaching, taught } = this.#known;
    const both = this.wish === BOTH;
    const asBrought = taught && this.#all.length === taught.examples.length && both === taught.head.kept > 0;
    if (asBrought) return taught.head;
    const names = taught?.head.signs.slice(0, taught.head.kept) ?? [];
    const kept = names.length ? own.filter(({ sign }) => names.includes(sign)) : own;
    return teach(this.#all, { kept: both ? kept : [], teaching });
  }

  /** @param {Shown[]} fresh */
  #requireWhole(fresh) {
    const pair = this.able ? torn(this.#all, fresh) : null;
    if (!pair) return;
    const [first, second] = pair.map(({ sign }) => sign);
    throw new Error(`The same clip is given for ${first} and for ${second}. Leave it out of one of them.`);
  }

  /**
   * An example's embedding, null where the model has none.
   * @param {Clip} clip @returns {Promise<Float64Array | null>}
   */
  async #embed({ frames, T }) {
    if (!this.able) return null;
    const { embedding } = await this.#remote.call("embed", { frames, T });
    return Float64Array.from(embedding, halved); // as a model file would keep it
  }

  /**
   * Tell the worker; gives { signs, taught, threshold } in use now: names, and how many are taught.
   * @returns {Promise<Use>}
   */
  async #apply() {
    this.#all = distinct([...(this.#known.taught?.examples ?? []), ...this.examples.filter(isSeen)]);
    this.#head = this.able && this.#all.length ? this.#learn() : null;
    const head = this.way === MODEL ? null : this.#head;
    const { threshold } = await this.#remote.call("teach", { head });
    const signs = head?.signs ?? this.#card?.signs ?? [];
    return { signs, taught: head ? signs.length - head.kept : 0, threshold };
  }

  /** @template Value @param {() => Promise<Value>} action @returns {Promise<Value>} */
  #next(action) {
    const done = this.#turn.then(action);
    this.#turn = done.catch(() => {});
    return done;
  }
}

/**
 * Whether the model has looked at an example.
 * @template {{ embedding: Embedding | null }} One @param {One} example @returns {example is One & { embedding: Embedding }}
 */
function isSeen(example) {
  return example.embedding !== null;
}
