import assert from "node:assert/strict";
import { test } from "node:test";

import { folderFile } from "../../src/signlet/web/clips/clips.js";
import { writeZip } from "../../src/signlet/web/clips/npz.js";
import { isSame, readExamples } from "../../src/signlet/web/teach/files.js";
import { TaughtSet } from "../../src/signlet/web/teach/set.js";
import { at, CARD, clip, file, frame } from "./made.js";

/** A worker whose embedding of a clip is the angle that its hand's height says, in hundredths. */
class Worker {
  heads = [];

  async call(kind, { frames, head }) {
    if (kind === "embed") return { embedding: Float32Array.from(at(100 * frames[3 * 522 + 1])) };
    this.heads.push(head);
    return { threshold: head ? 0 : 0.3 };
  }
}

/** A browser's store in memory. */
class Memory {
  kept = new Map();
  settings = new Map();
  trouble = null;

  async all() { return [...this.kept].map(([id, example]) => ({ ...example, id })); }
  async add(example) { this.kept.set(this.kept.size + 1, example); return this.kept.size; }
  async remove(id) { this.kept.delete(id); }
  async clear() { this.kept.clear(); this.settings.clear(); }
  async setting(name) { return this.settings.get(name); }
  async set(name, value) { this.settings.set(name, value); }
}

const example = (sign, degrees, signer = "ada") => ({ ...clip([frame(degrees / 100)]), sign, signer });

async function opened(card = CARD, store = new Memory()) {
  const worker = new Worker();
  const set = new TaughtSet(worker, store);
  await set.restore();
  await set.model(card, "m.onnx");
  return { set, worker, store };
}

test("without examples the page names the model's signs", async () => {
  const { set, worker } = await opened();
  assert.deepEqual([set.way, set.able, set.canBoth, worker.heads], ["model", true, false, [null]]);
});

test("a sign that is taught is named from then on, and no more once it is forgotten", async () => {
  const { set } = await opened();
  assert.deepEqual(await set.add([example("new", 30)]), { signs: ["new"], taught: 1, threshold: 0 });
  assert.equal(set.way, "own"); // the model does not say what its own signs look like
  assert.deepEqual(await set.forget(), { signs: CARD.signs, taught: 0, threshold: 0.3 });
});

test("examples and the choice of signs are kept for the next time", async () => {
  const { set, store } = await opened();
  await set.add([example("new", 30), example("new", 40)]);
  await set.choose("model");
  const again = await opened(CARD, store);
  assert.deepEqual(again.set.examples.map(({ name }) => name), ["ada_1.npz", "ada_2.npz"]);
  assert.deepEqual([again.set.way, again.set.count("new")], ["model", 2]);
});

test("one clip under two signs is refused, and then none is added", async () => {
  const { set, store } = await opened();
  await set.add([example("one", 30)]);
  await assert.rejects(set.add([example("two", 50), example("other", 30)]), /The same clip is given for one and for other/);
  assert.deepEqual([set.examples.length, store.kept.size], [1, 1]);
});

test("a clip that is there already counts once", async () => {
  const { set } = await opened();
  await set.add([example("one", 30), example("one", 30)]);
  assert.deepEqual([set.count("one"), set.twins.size], [1, 1]);
  await set.remove(set.examples[0]);
  assert.deepEqual([set.count("one"), set.twins.size], [1, 0]);
});

test("a model without an embedding is not taught, but the examples stay", async () => {
  const { set } = await opened({ ...CARD, embedding: null });
  await set.add([example("one", 30)]);
  assert.deepEqual([set.way, set.able, set.count("one"), set.advice.size], ["model", false, 1, 0]);
  await set.model(CARD, "m.onnx");
  assert.deepEqual([set.way, set.advice.size], ["own", 1]);
});

test("one change waits for another, and one that fails does not stop the next", async () => {
  const { set } = await opened();
  const first = set.add([example("one", 30)]);
  const torn = set.add([example("two", 30)]);
  const third = set.add([example("two", 90)]);
  await first;
  await assert.rejects(torn);
  assert.deepEqual((await third).signs, ["one", "two"]);
});

test("examples of one sign agree, and one that looks like another sign is told of", async () => {
  const { set } = await opened();
  await set.add([example("one", 30), example("one", 32), example("two", 90), example("two", 92), example("two", 31)]);
  const advice = set.examples.map((one) => set.advice.get(one));
  assert.deepEqual(advice.map(({ like }) => like), [null, null, null, null, "one"]);
  assert.equal(advice[0].agrees, true);
});

test("what was saved is opened again as it was", async () => {
  const examples = [{ ...example("hello", 30, "ada b"), name: "ada b_1.npz" }, { ...example("bye", 40), name: "ada_1.npz" }];
  const read = await readExamples(file(folderFile(examples), "clips.zip"));
  assert.deepEqual(read.map(({ sign, signer }) => [sign, signer]), [["hello", "ada b"], ["bye", "ada"]]);
  assert.ok(read.every((one, i) => isSame(one, examples[i])));
  assert.ok(!isSame(read[0], { ...read[0], sign: "bye" }));
});

test("in a .zip only clips in folders are examples, and each has to show a hand", async () => {
  const zipped = (entries) => readExamples(file(writeZip(entries), "clips.zip"));
  const whole = folderFile([{ ...example("hello", 30), name: "ada_1.npz" }]);
  const [{ sign }] = await readExamples(file(whole, "clips.zip"));
  assert.equal(sign, "hello");
  const junk = Uint8Array.of(1);
  for (const path of ["a.npz", "__MACOSX/a/b.npz", "a/.b.npz", "a/b.txt"]) {
    await assert.rejects(zipped([[path, junk]]), /^Error: clips\.zip: contains no signs; choose a \.zip that this page has saved$/);
  }
  const unseen = folderFile([{ ...clip([frame()]), sign: "a", name: "b.npz" }]);
  await assert.rejects(readExamples(file(unseen, "clips.zip")), /^Error: clips\.zip, a\/b\.npz: shows no hand in any frame; leave it out$/);
  await assert.rejects(zipped([["none/b.npz", junk]]), /the sign is “none”/);
});
