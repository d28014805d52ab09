import assert from "node:assert/strict";
import { test } from "node:test";

import { requireEmbedding, requireProbabilities } from "../../src/signlet/web/model/answers.js";
import { TaughtRecogniser } from "../../src/signlet/web/model/taught.js";
import { advise, answer, distinct, meanOf, teach, torn, unit } from "../../src/signlet/web/model/teach.js";
import { at } from "./made.js";

const shown = (sign, ...angles) => angles.map((degrees) => ({ sign, embedding: at(degrees) }));
const EXAMPLES = [...shown("b", 0, 4), ...shown("a", 90, 95), ...shown("c", 180)];

test("whatever is looked at, the probabilities and none are 1 in all", () => {
  const head = teach(EXAMPLES);
  for (let degrees = 0; degrees < 360; degrees += 7) {
    const { none, probabilities } = answer(head, at(degrees));
    assert.ok(none >= 0 && none <= 1 && probabilities.every((one) => one >= 0));
    assert.ok(Math.abs(probabilities.reduce((sum, one) => sum + one, none) - 1) < 1e-12);
  }
});

test("an example is named by its sign, and what is like none of them by none", () => {
  const head = teach(EXAMPLES);
  const { none, probabilities } = answer(head, at(2));
  assert.equal(head.signs[probabilities.indexOf(Math.max(...probabilities))], "b");
  assert.ok(none < 0.5);
  assert.ok(answer(head, at(270)).none > 0.5);
});

test("in whichever order examples are shown, signs and thresholds are the same", () => {
  const [one, other] = [EXAMPLES, EXAMPLES.toReversed?.() ?? [...EXAMPLES].reverse()].map((examples) => teach(examples));
  assert.deepEqual(one.signs, ["a", "b", "c"]);
  assert.deepEqual(other.signs, one.signs);
  for (const name of ["threshold", "slope", "scale"]) assert.ok(Math.abs(one[name] - other[name]) < 1e-9);
});

test("signs are sorted by their characters, those beyond 16 bits last", () => {
  assert.deepEqual(teach(shown("\u{1f600}", 0).concat(shown("\uff21", 50), shown("ä", 90), shown("ab", 120), shown("a", 200))).signs, ["a", "ab", "ä", "\uff21", "\u{1f600}"]);
});

test("the model's own signs come first; one that is taught too is left out", () => {
  const kept = [{ sign: "z", prototype: at(200) }, { sign: "a", prototype: at(300) }];
  const head = teach(EXAMPLES, { kept });
  assert.deepEqual([head.signs, head.kept], [["z", "a", "b", "c"], 1]);
});

test("what the model expects of examples counts until there are many", () => {
  const teaching = { known: 0.9, unknown: 0.1, spread: 0.1, scale: 5 };
  const head = teach(shown("a", 0), { teaching });
  assert.ok(Math.abs(head.threshold - 0.5) < 1e-12);
  assert.equal(head.scale, 5);
  const many = shown("a", ...Array(200).fill(0)).concat(shown("b", ...Array(200).fill(60)));
  assert.ok(teach(many, { teaching }).threshold > 0.7); // 1 to its own, 0.5 to the other
});

test("a clip that is shown twice counts once, one under two signs is found", () => {
  const again = { sign: "b", embedding: at(0.00001) };
  assert.equal(distinct([...EXAMPLES, again]).length, EXAMPLES.length);
  const strange = { sign: "c", embedding: at(0.00001) };
  assert.equal(distinct([...EXAMPLES, strange]).length, EXAMPLES.length + 1);
  assert.deepEqual(torn(EXAMPLES, [again, strange]), [EXAMPLES[0], strange]);
  assert.deepEqual(torn([], [again, strange]), [again, strange]);
  assert.equal(torn(EXAMPLES, [again]), undefined);
});

test("an example that looks more like another sign is told of, with that sign", () => {
  const examples = [...EXAMPLES, ...shown("c", 184, 3)];
  const advice = advise(teach(examples), examples);
  assert.deepEqual(advice.map(({ like }) => like), [null, null, null, null, null, null, "b"]);
  assert.equal(advise(teach(EXAMPLES), EXAMPLES)[4].own, null); // the only one of its sign
});

test("a mean has length 1, and zeros stay zeros", () => {
  assert.ok(Math.abs(Math.hypot(...meanOf([at(0), at(100)])) - 1) < 1e-12);
  assert.deepEqual(unit(Float64Array.of(0, 0)), Float64Array.of(0, 0));
});

test("a recogniser of taught signs answers none below its threshold, and where none is likelier", async () => {
  let looked = 2;
  const recogniser = new TaughtRecogniser({ embed: async () => at(looked), name: "m" }, teach(EXAMPLES));
  assert.equal((await recogniser.recognise()).sign, "b");
  recogniser.threshold = 0.9999;
  assert.deepEqual((({ sign, likeliest }) => [sign, likeliest])(await recogniser.recognise()), [null, "b"]);
  recogniser.threshold = 0;
  looked = 270;
  assert.equal((await recogniser.recognise()).sign, null);
});

test("what is no probability, or no embedding, is refused with what it is", () => {
  assert.throws(() => requireProbabilities([0.5, 0.2], "m"), /^Error: m: is not a usable model: it gives probabilities whose sum is 0\.7;/);
  assert.throws(() => requireProbabilities([1.5, -0.5], "m"), /a probability of -0\.5/);
  assert.throws(() => requireProbabilities([NaN, 1], "m"), /whose sum is NaN/);
  assert.throws(() => requireEmbedding([2, 0], "m"), /an embedding of length 2, not 1/);
  requireProbabilities([0.504, 0.504], "m");
  requireEmbedding([0.6, 0.8], "m");
});
