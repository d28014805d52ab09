import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import { ownSha256, sha256 } from "../../src/signlet/web/model/checksum.js";

test("our own SHA-256 is everybody's, whatever is left over of its blocks of 64 bytes", () => {
  for (let length = 0; length < 200; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * i + length) % 256);
    assert.equal(Buffer.from(ownSha256(bytes)).toString("hex"), createHash("sha256").update(bytes).digest("hex"));
  }
});

test("it sees only its own part of a larger buffer", () => {
  const part = Uint8Array.of(9, 9, 1, 2, 3, 9).subarray(2, 5);
  assert.deepEqual(ownSha256(part), ownSha256(Uint8Array.of(1, 2, 3)));
});

test("parts are added up as one after the other", async () => {
  const parts = [Uint8Array.of(1, 2), Uint8Array.of(), Uint8Array.of(3)];
  assert.equal(await sha256(parts), createHash("sha256").update(Uint8Array.of(1, 2, 3)).digest("hex"));
});
