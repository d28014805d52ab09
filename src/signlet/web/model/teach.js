// Signs taught by example: which one an embedding is likest, and how sure that is; as
// signlet.modelfile.taught_fit in Python, same numbers. No DOM, no model. An embedding is D numbers of length 1.
//
//   const head = teach([{ sign: "hello", embedding }, ...]);
//   const { none, probabilities } = answer(head, embedding);

/** @import { Advice, Embedding, Expected, Head, Own, Shown } from "../types.js" */

/** @typedef {Pick<Head, "signs" | "kept" | "prototypes" | "shown">} Prototypes a head before it is fitted */

/** How like examples are to their own sign and to others, before anything was measured. */
export const TEACHING = Object.freeze({
  KNOWN_MEAN: 0.88,
  UNKNOWN_MEAN: 0.43,
  SPREAD: 0.24,
  PRIOR: 10, // pseudo examples
  SCALE: 12,
  SLOPE_MIN: 10,
  SLOPE_MAX: 100,
});

const SAME = 1e-6; // squared distance of embeddings below which two clips are one; half precision makes less

/**
 * Learn signs from examples.
 * examples: [{ sign, embedding }]. kept: [{ sign, prototype }] of the model's own signs; one that
 * is taught too is left out. teaching: { known, unknown, spread, scale } of the model's card.
 * Gives the head: { signs, kept, prototypes, shown, scale, slope, threshold }; signs are those kept,
 * then those taught in order. shown: of each sign its examples' embeddings, of those kept their prototype.
 * @param {Shown[]} examples @param {{ kept?: Own[], teaching?: Expected }} [options] @returns {Head}
 */
export function teach(examples, { kept = [], teaching = {} } = {}) {
  const taught = shownOf(examples);
  const own = kept.filter(({ sign }) => !taught.has(sign));
  const signs = [...own.map(({ sign }) => sign), ...taught.keys()];
  const rows = own.map(({ prototype }) => Float64Array.from(prototype));
  const prototypes = [...rows, ...[...taught.values()].map(meanOf)];
  const shown = [...rows.map((row) => [row]), ...taught.values()];
  const head = { signs, kept: own.length, prototypes, shown };
  return { ...head, ...fit(head, examples, teaching) };
}

/**
 * Examples without those that are one clip with an earlier one of their sign.
 * @template {Shown} Example @param {Example[]} examples
 */
export function distinct(examples) {
  /** @type {Example[]} */
  const kept = [];
  /** @param {Shown} one @param {Shown} other */
  const isTwin = (one, other) => one.sign === other.sign && isOneClip(one, other);
  for (const example of examples) if (!kept.some((other) => isTwin(example, other))) kept.push(example);
  return kept;
}

/**
 * Two examples of different signs that are one clip, the second a fresh one; undefined where there are none.
 * @param {Shown[]} known @param {Shown[]} fresh @returns {[first: Shown, second: Shown] | undefined}
 */
export function torn(known, fresh) {
  /** @param {Shown} one @param {Shown} other */
  const isTorn = (one, other) => one.sign !== other.sign && isOneClip(one, other);
  for (const [i, one] of fresh.entries()) {
    const other = [...known, ...fresh.slice(0, i)].find((before) => isTorn(one, before));
    if (other) return [other, one];
  }
  return undefined;
}

/** @param {Shown} one @param {Shown} other */
function isOneClip({ embedding: one }, { embedding: other }) {
  let apart = 0;
  for (let d = 0; d < one.length && apart < SAME; d++) apart += (one[d] - other[d]) ** 2;
  return apart < SAME;
}

/**
 * Sign -> its examples' embeddings, sorted by sign.
 * @param {Shown[]} examples @returns {Map<string, Embedding[]>}
 */
export function shownOf(examples) {
  const shown = new Map();
  for (const { sign, embedding } of examples) shown.set(sign, [...(shown.get(sign) ?? []), embedding]);
  return new Map([...shown].sort(byName));
}

/** The mean of embeddings, at length 1. @param {Embedding[]} rows */
export function meanOf(rows) {
  const sum = new Float64Array(rows[0].length);
  for (const row of rows) row.forEach((number, d) => { sum[d] += number; });
  return unit(sum);
}

/**
 * { none, probabilities }: 1 in all; probabilities in the order of the head's signs.
 * @param {Head} head @param {Embedding} embedding
 */
export function answer({ prototypes, shown, scale, slope, threshold }, embedding) {
  const like = prototypes.map((prototype, c) => likeness(embedding, prototype, shown[c]));
  const best = largest(like);
  const none = 1 / (1 + Math.exp(-slope * (threshold - best)));
  const powers = like.map((one) => Math.exp(scale * (one - best)));
  const whole = powers.reduce((sum, power) => sum + power, 0);
  return { none, probabilities: Float64Array.from(powers, (power) => ((1 - none) * power) / whole) };
}

/**
 * What each example looks like: [{ own, other, nearest, like }] in their order.
 * own: how like the other examples of its sign it is, null where it is the only one. other: how
 * like another sign, nearest: which, null where there is none. like: that sign where the
 * example looks more like it than like its own, else null.
 * @param {Head} head @param {Shown[]} examples @returns {Advice[]}
 */
export function advise(head, examples) {
  return compare(head, examples).map(({ own, others }) => {
    const other = others.length ? largest(others.map(({ near }) => near)) : null;
    const nearest = others.find(({ near }) => near === other)?.sign ?? null;
    const like = other !== null && other > (own ?? head.threshold) ? nearest : null;
    return { own, other, nearest, like };
  });
}

/** @param {Prototypes} head @param {Shown[]} examples @param {Expected} teaching */
function fit(head, examples, { known, unknown, spread, scale }) {
  const compared = compare(head, examples);
  /** @param {{ others: { near: number }[] }} compared */
  const nears = ({ others }) => others.map(({ near }) => near);
  const ours = compared.flatMap(({ own, others }) => (own === null ? [] : [largest([own, ...nears({ others })])]));
  const theirs = compared.filter(({ others }) => others.length).map((one) => largest(nears(one)));
  const { PRIOR } = TEACHING;
  /** @param {number[]} numbers @param {number} expected */
  const mean = (numbers, expected) => total(numbers, PRIOR * expected) / (PRIOR + numbers.length);
  const meanKnown = mean(ours, known ?? TEACHING.KNOWN_MEAN);
  const meanUnknown = mean(theirs, unknown ?? TEACHING.UNKNOWN_MEAN);
  const squares = [...ours.map((one) => (one - meanKnown) ** 2), ...theirs.map((one) => (one - meanUnknown) ** 2)];
  const variance = total(squares, PRIOR * (spread ?? TEACHING.SPREAD) ** 2) / (PRIOR + squares.length);
  const slope = (meanKnown - meanUnknown) / variance;
  return {
    scale: scale ?? TEACHING.SCALE,
    slope: Math.min(Math.max(slope, TEACHING.SLOPE_MIN), TEACHING.SLOPE_MAX),
    threshold: (meanKnown + meanUnknown) / 2,
  };
}

/**
 * Of each example: own, its likeness to its sign made without it, and others: [{ sign, near }].
 * @param {Prototypes} head @param {Shown[]} examples
 */
function compare({ signs, prototypes, shown }, examples) {
  return examples.map((example) => {
    const { sign, embedding } = example;
    const rest = examples.filter((one) => one.sign === sign && one !== example).map((one) => one.embedding);
    const own = rest.length ? likeness(embedding, meanOf(rest), rest) : null;
    /** @param {number} c */
    const near = (c) => likeness(embedding, prototypes[c], shown[c]);
    const others = signs.flatMap((other, c) => (other === sign ? [] : [{ sign: other, near: near(c) }]));
    return { own, others };
  });
}

/**
 * Half the cosine to a sign's mean, half that to the nearest of its examples.
 * @param {Embedding} embedding @param {Embedding} prototype @param {Embedding[]} shown
 */
function likeness(embedding, prototype, shown) {
  return (dot(embedding, prototype) + largest(shown.map((row) => dot(embedding, row)))) / 2;
}

/**
 * In the order of their code points, as Python sorts.
 * @param {[string, unknown]} one @param {[string, unknown]} other
 */
function byName([one], [other]) {
  const [a, b] = [one, other].map((name) => Array.from(name, (letter) => Number(letter.codePointAt(0))));
  const at = a.findIndex((code, i) => code !== b[i]);
  return at < 0 ? a.length - b.length : a[at] - (b[at] ?? -1);
}

/** A vector at length 1; zeros stay zeros. @param {Embedding} vector */
export function unit(vector) {
  const length = Math.max(Math.sqrt(dot(vector, vector)), 1e-12);
  return Float64Array.from(vector, (number) => number / length);
}

/** @param {Embedding} a @param {Embedding} b */
function dot(a, b) {
  let product = 0;
  for (let d = 0; d < a.length; d++) product += a[d] * b[d];
  return product;
}

/** @param {number[]} numbers */
function largest(numbers) {
  return numbers.reduce((most, number) => Math.max(most, number));
}

/** @param {number[]} numbers @param {number} start */
function total(numbers, start) {
  return numbers.reduce((whole, number) => whole + number, start);
}
