// The signs that were taught on this page, and what the model in use makes of them. No DOM.

import { takeName } from "../clips/clips.js";
import { halved } from "../clips/halves.js";
import { advise, distinct, teach, torn } from "../model/teach.js";
import { readTeaching } from "../model/teach-card.js";

/** What the page names: the taught signs beside the model's own, only them, or only its own. */
export const BOTH = "both";
export const OWN = "own";
export const MODEL = "model";
const WISH = "with"; // the name of the setting

export class TaughtSet {
  examples = []; // { sign, signer, name, frames, times, T, fps, id, embedding }
  wish = BOTH;
  #stored = BOTH; // the wish for models without taught signs of their own
  #all = []; // what is taught: the examples of the model's file, then those of this page
  #remote;
  #store;
  #known = { own: [], teaching: {}, taught: null };
  #card = null;
  #head = null; // of all examples, whether it is in use or not
  #turn = Promise.resolve(); // one change after the other

  /** remote: of recognise-worker.js. store: see store.js. */
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

  /** What the page names now: BOTH, OWN or MODEL. */
  get way() {
    if (!this.able || !this.#all.length) return MODEL;
    return this.wish === BOTH && !this.canBoth ? OWN : this.wish;
  }

  /** Of each sign that the model's file brings along: [sign, number of its examples]. */
  get brought() {
    const counts = new Map();
    for (const { sign } of this.#known.taught?.examples ?? []) counts.set(sign, (counts.get(sign) ?? 0) + 1);
    return counts;
  }

  /** Examples of this page that count no more, because they are one clip with an earlier one. */
  get twins() {
    return new Set(this.examples.filter((example) => example.embedding && !this.#all.includes(example)));
  }

  /** How many examples of a sign count. */
  count(sign) {
    const { brought, twins } = this;
    const ours = this.examples.filter((example) => example.sign === sign && !twins.has(example));
    return (brought.get(sign) ?? 0) + ours.length;
  }

  /** Taught signs that the model knows too; the taught ones take their place. */
  get replaced() {
    return this.#card ? this.#card.signs.filter((sign) => this.#all.some((one) => one.sign === sign)) : [];
  }

  /** Another model is in use: what it makes of the examples. Throws where its card is damaged. */
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
   */
  add(clips) {
    return this.#next(async () => {
      const embeddings = [];
      for (const clip of clips) embeddings.push(await this.#embed(clip));
      this.#requireWhole(clips.map(({ sign }, i) => ({ sign, embedding: embeddings[i] })));
      for (const [i, clip] of clips.entries()) {
        const kept = { ...clip, name: takeName(this.examples, clip.sign, clip.signer) };
        this.examples.push({ ...kept, id: await this.#store.add(kept), embedding: embeddings[i] });
      }
      return this.#apply();
    });
  }

  remove(example) {
    return this.#next(async () => {
      this.examples = this.examples.filter((one) => one !== example);
      await this.#store.remove(example.id);
      return this.#apply();
    });
  }

  forget() {
    return this.#next(async () => {
      this.examples = [];
      await this.#store.clear();
      return this.#apply();
    });
  }

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
   */
  get advice() {
    const head = this.#head;
    if (!head) return new Map();
    const told = advise(head, this.#all);
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

  #requireWhole(fresh) {
    const pair = this.able ? torn(this.#all, fresh) : null;
    if (!pair) return;
    const [first, second] = pair.map(({ sign }) => sign);
    throw new Error(`The same clip is given for ${first} and for ${second}. Leave it out of one of them.`);
  }

  /** An example's embedding, null where the model has none. */
  async #embed({ frames, T }) {
    if (!this.able) return null;
    const { embedding } = await this.#remote.call("embed", { frames, T });
    return Float64Array.from(embedding, halved); // as a model file would keep it
  }

  /** Tell the worker; gives { signs, taught, threshold } in use now: names, and how many are taught. */
  async #apply() {
    this.#all = distinct([...(this.#known.taught?.examples ?? []), ...this.examples.filter(({ embedding }) => embedding)]);
    this.#head = this.able && this.#all.length ? this.#learn() : null;
    const head = this.way === MODEL ? null : this.#head;
    const { threshold } = await this.#remote.call("teach", { head });
    const signs = head?.signs ?? this.#card?.signs ?? [];
    return { signs, taught: head ? signs.length - head.kept : 0, threshold };
  }

  #next(action) {
    const done = this.#turn.then(action);
    this.#turn = done.catch(() => {});
    return done;
  }
}
