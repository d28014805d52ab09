// Signs taught by example: which one an embedding is nearest to, and how sure that is; as
// signlet.teach in Python, same numbers. No DOM, no model. An embedding is D numbers of length 1.
//
//   const head = teach([{ sign: "hello", embedding }, ...]);
//   const { none, probabilities } = answer(head, embedding);

/** How near examples are to their own sign and to others, before anything was measured. */
export const TEACHING = Object.freeze({
  KNOWN_MEAN: 0.75,
  UNKNOWN_MEAN: 0.45,
  SPREAD: 0.12,
  PRIOR: 10, // pseudo examples
  SCALE: 20,
  SLOPE_MIN: 10,
  SLOPE_MAX: 100,
});

/**
 * Learn signs from examples.
 * examples: [{ sign, embedding }]. kept: [{ sign, prototype }] of the model's own signs; one that
 * is taught too is left out. teaching: { known, unknown, spread, scale } of the model's card.
 * Gives the head: { signs, kept, prototypes, scale, slope, threshold }; signs are those kept, then
 * those taught as they first appear.
 */
export function teach(examples, { kept = [], teaching = {} } = {}) {
  const taught = [...new Set(examples.map(({ sign }) => sign))];
  const own = kept.filter(({ sign }) => !taught.includes(sign));
  const signs = [...own.map(({ sign }) => sign), ...taught];
  const prototypes = [
    ...own.map(({ prototype }) => Float64Array.from(prototype)),
    ...taught.map((sign) => unit(sum(examples.filter((one) => one.sign === sign)))),
  ];
  const head = { signs, kept: own.length, prototypes };
  return { ...head, ...fit(head, examples, teaching) };
}

/** { none, probabilities }: 1 in all; probabilities in the order of the head's signs. */
export function answer({ prototypes, scale, slope, threshold }, embedding) {
  const near = prototypes.map((prototype) => dot(embedding, prototype));
  const best = largest(near);
  const none = 1 / (1 + Math.exp(-slope * (threshold - best)));
  const powers = near.map((one) => Math.exp(scale * (one - best)));
  const whole = powers.reduce((total, power) => total + power, 0);
  return { none, probabilities: Float64Array.from(powers, (power) => ((1 - none) * power) / whole) };
}

/**
 * What each example looks like: [{ own, other, nearest, like }] in their order.
 * own: how near it is to the other examples of its sign, null where it is the only one. other: how
 * near to another sign, nearest: which, null where there is none. like: that sign where the
 * example looks more like it than like its own, else null.
 */
export function advise(head, examples) {
  return compare(head, examples).map(({ own, others }) => {
    const other = others.length ? largest(others.map(({ near }) => near)) : null;
    const nearest = others.find(({ near }) => near === other)?.sign ?? null;
    const like = other !== null && other > (own ?? head.threshold) ? nearest : null;
    return { own, other, nearest, like };
  });
}

function fit(head, examples, { known, unknown, spread, scale }) {
  const compared = compare(head, examples);
  const nears = ({ others }) => others.map(({ near }) => near);
  const ours = compared.filter(({ own }) => own !== null).map((one) => largest([one.own, ...nears(one)]));
  const theirs = compared.filter(({ others }) => others.length).map((one) => largest(nears(one)));
  const { PRIOR } = TEACHING;
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

/** Of each example: own, its nearness to its sign made without it, and others: [{ sign, near }]. */
function compare({ signs, prototypes }, examples) {
  return examples.map((example) => {
    const rest = examples.filter((one) => one !== example && one.sign === example.sign);
    const others = signs.map((sign, c) => ({ sign, c })).filter(({ sign }) => sign !== example.sign);
    return {
      own: rest.length ? dot(example.embedding, unit(sum(rest))) : null,
      others: others.map(({ sign, c }) => ({ sign, near: dot(example.embedding, prototypes[c]) })),
    };
  });
}

function sum(examples) {
  const whole = new Float64Array(examples[0].embedding.length);
  for (const { embedding } of examples) embedding.forEach((number, d) => { whole[d] += number; });
  return whole;
}

/** A vector at length 1; one of length 0 stays. */
export function unit(vector) {
  const length = Math.sqrt(dot(vector, vector));
  return Float64Array.from(vector, (number) => (length > 0 ? number / length : 0));
}

function dot(a, b) {
  let product = 0;
  for (let d = 0; d < a.length; d++) product += a[d] * b[d];
  return product;
}

function largest(numbers) {
  return numbers.reduce((most, number) => Math.max(most, number));
}

function total(numbers, start) {
  return numbers.reduce((whole, number) => whole + number, start);
}
