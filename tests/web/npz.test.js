import assert from "node:assert/strict";
import { test } from "node:test";

import { readNpz, readZip, writeNpz, writeZip } from "../../src/signlet/web/clips/npz.js";
import { file } from "./made.js";

const NUMBERS = Float32Array.of(1, -2.5, NaN, 0, 7, 1e-3);
const BYTES = writeNpz({ landmarks: [NUMBERS, [2, 3]], fps: [Float64Array.of(25), []] });

/** A .npy by hand: its description, then bytes. */
function npz(description, content) {
  const header = `${description.padEnd(117)}\n`;
  const start = Uint8Array.from("\x93NUMPY\x01\x00", (letter) => letter.charCodeAt(0));
  const bytes = [...start, header.length, 0, ...new TextEncoder().encode(header), ...new Uint8Array(content.buffer)];
  return file(writeZip([["a.npy", Uint8Array.from(bytes)]]));
}

function described(type, order = "False", shape = "2,") {
  return `{'descr': '${type}', 'fortran_order': ${order}, 'shape': (${shape}), }`;
}

test("arrays are read back as they were written", async () => {
  const { landmarks, fps } = await readNpz(file(BYTES));
  assert.deepEqual(landmarks, { numbers: NUMBERS, shape: [2, 3], type: "<f4" });
  assert.deepEqual(fps, { numbers: Float64Array.of(25), shape: [], type: "<f8" });
});

test("the same arrays give the same bytes", () => {
  assert.deepEqual(writeNpz({ landmarks: [NUMBERS, [2, 3]], fps: [Float64Array.of(25), []] }), BYTES);
});

test("half precision and whole numbers are read as numbers", async () => {
  const half = await readNpz(npz(described("<f2"), Uint16Array.of(0x3c00, 0xfe00)));
  assert.deepEqual([...half.a.numbers], [1, NaN]);
  const long = await readNpz(npz(described("<i8"), BigInt64Array.of(25n, -3n)));
  assert.deepEqual([...long.a.numbers], [25, -3]);
});

test("an array of another type or order keeps its shape and says what it is", async () => {
  const text = await readNpz(npz(described("<U1"), Uint32Array.of(65, 66)));
  assert.deepEqual(text.a, { numbers: null, shape: [2], type: "<U1" });
  const fortran = await readNpz(npz(described("<f4", "True", "2, 1"), NUMBERS));
  assert.deepEqual(fortran.a, { numbers: null, shape: [2, 1], type: "<f4 in Fortran order" });
});

test("wherever a file was cut off, it is refused in one line that names it", async () => {
  for (let length = 0; length < BYTES.length; length++) {
    await assert.rejects(readNpz(file(BYTES.slice(0, length))), /^Error: clip\.npz: [^\n]+; copy or save it again$/);
  }
});

test("whichever byte has changed, no number is another one", async () => {
  const kept = { landmarks: NUMBERS, fps: Float64Array.of(25) };
  let refused = 0;
  for (let i = 0; i < BYTES.length; i++) {
    const changed = BYTES.slice();
    changed[i] ^= 0x21;
    try {
      const arrays = await readNpz(file(changed));
      for (const [name, { numbers }] of Object.entries(arrays)) if (name in kept) assert.deepEqual(numbers, kept[name]);
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      assert.match(String(error), /^Error: clip\.npz: [^\n]+$/);
      refused += 1;
    }
  }
  assert.ok(refused > BYTES.length / 2);
});

test("what is no zip, or of another compression, is refused as that", async () => {
  await assert.rejects(readZip(file(new TextEncoder().encode("no zip"), "a.zip")), /a\.zip: cannot be read \(not a \.zip archive\)/);
  const other = writeZip([["a", Uint8Array.of(1, 2, 3)]]);
  const method = other.length - 22 - 47 + 10; // of the entry in the index, whose name is one byte
  other[method] = 12;
  await assert.rejects(readZip(file(other, "a.zip")), /a \.zip archive of an unknown compression/);
});

test("a file that is gone since it was chosen is said to be so", async () => {
  const gone = { name: "a.zip", arrayBuffer: () => Promise.reject(new Error("NotFound")) };
  await assert.rejects(readZip(gone), /^Error: a\.zip: cannot be read; choose it again$/);
});
