import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import { readCard } from "../../src/signlet/web/model/card.js";
import { cardText } from "../../src/signlet/web/model/onnx-bytes.js";
import { CARD, message, model } from "./made.js";

const TEXT = JSON.stringify(CARD);
const warn = console.warn;
console.warn = () => {}; // that there is no checksum
process.on("exit", () => { console.warn = warn; });

const read = (changes) => readCard(model({ signlet: JSON.stringify({ ...CARD, ...changes }) }), "m.onnx");

function sealed(entries) {
  const bytes = model(entries);
  return model({ ...entries, "signlet.sha256": createHash("sha256").update(bytes).digest("hex") });
}

test("the card of a model is read, whatever else its metadata holds", async () => {
  assert.deepEqual(await readCard(model({ other: "x", signlet: TEXT, more: "" }), "m.onnx"), CARD);
});

test("a model that signlet did not export has no card", async () => {
  assert.equal(await cardText(model({ other: "x" }), "m.onnx"), "");
  await assert.rejects(readCard(model({}), "m.onnx"), /^Error: m\.onnx: was not exported by signlet; run signlet export$/);
});

test("a model with its checksum is read, and with one changed bit anywhere it is not", async () => {
  const bytes = sealed({ signlet: TEXT });
  assert.equal(await cardText(bytes, "m.onnx"), TEXT);
  let through = 0;
  for (let i = 0; i < bytes.length; i++) {
    const changed = bytes.slice();
    changed[i] ^= 1;
    await cardText(changed, "m.onnx").then(() => { through += 1; }, (error) => assert.match(error.message, /^m\.onnx: is damaged/));
  }
  assert.equal(through, 0); // nor where the entry of the checksum itself is called otherwise
});

test("a model that was cut off is refused", async () => {
  const bytes = sealed({ signlet: TEXT });
  const whole = model({ signlet: TEXT }).length; // and without a checksum, as of an older signlet
  for (let length = 0; length < bytes.length; length++) {
    if (length === whole) continue;
    await assert.rejects(readCard(bytes.slice(0, length), "m.onnx"), /^Error: m\.onnx: (?:is damaged|was not exported)/);
  }
});

test("two cards, or a card that is no text, are damage", async () => {
  const entry = (value) => [14, message([[1, "signlet"], [2, value]])];
  await assert.rejects(cardText(message([[7, ""], entry(TEXT), entry(TEXT)]), "m"), /its signlet appears 2 times/);
  await assert.rejects(cardText(message([[7, ""], entry(Uint8Array.of(0xff))]), "m"), /is not UTF-8/);
  await assert.rejects(readCard(message([[7, ""], entry("{")]), "m"), /its card is not JSON/);
});

test("weights in another file, or sparse ones, are refused", async () => {
  for (const graph of [message([[2, "location"]]), message([[2, "sparse_value"]]), message([[15, "x"]])]) {
    await assert.rejects(cardText(message([[7, graph]]), "m"), /has weights in another file, or sparse weights/);
  }
});

test("a card of another format or layout of landmarks names it", async () => {
  await assert.rejects(read({ format: 2 }), /has card format 2; update this page/);
  await assert.rejects(read({ landmarks: "others" }), /made for landmarks others, not mediapipe-holistic-543/);
});

test("a card that makes no sense is damage", async () => {
  const senseless = [
    { signs: [] }, { signs: ["a", 1] }, { signs: ["a", ""] }, { signs: ["a", "a"] }, { signs: "ab" },
    { calibration: {} }, { calibration: { temperature: 0, threshold: 0.5 } }, { calibration: { temperature: 1, threshold: 2 } },
    { max_frames: 0 }, { max_frames: 1.5 }, { embedding: -1 }, { embedding: "2" },
  ];
  for (const changes of senseless) await assert.rejects(read(changes), /^Error: m\.onnx: is damaged/);
});

test("a card with a number beyond all, or nested without end, is damage", async () => {
  const raw = (about) => readCard(model({ signlet: TEXT.replace("{", `{"about":${about},`) }), "m");
  await assert.rejects(raw("1e999"), /holds a number that is too large/);
  await assert.rejects(raw(`${"[".repeat(40)}${"]".repeat(40)}`), /nested deeper than 32/);
});

test("a card of an older signlet has no embedding, and may have no calibration", async () => {
  const card = await read({ embedding: undefined, calibration: null, max_frames: null });
  assert.deepEqual([card.embedding, card.calibration, card.max_frames], [null, null, null]);
});
