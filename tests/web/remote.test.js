import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { Remote } from "../../src/signlet/web/live/remote.js";

const real = globalThis.Worker;
let worker;

beforeEach(() => {
  globalThis.Worker = class {
    posted = [];

    constructor(address, { type }) {
      worker = Object.assign(this, { address, type });
    }

    postMessage(message, transfer) {
      this.posted.push({ ...message, transfer });
    }
  };
});
afterEach(() => { globalThis.Worker = real; });

const settled = () => new Promise((resolve) => setTimeout(resolve));

test("questions are answered by their number, in whichever order", async () => {
  const remote = new Remote("some-worker.js", "classic");
  const [one, other] = [remote.call("push", { frame: 1 }), remote.call("finish")];
  await settled();
  worker.onmessage({ data: { id: 2, answer: "second" } });
  worker.onmessage({ data: { id: 1, answer: "first" } });
  assert.deepEqual(await Promise.all([one, other]), ["first", "second"]);
  assert.deepEqual(worker.posted.map(({ kind, what }) => [kind, what]), [["push", { frame: 1 }], ["finish", {}]]);
});

test("a worker of modules is asked only once they are there", async () => {
  const remote = new Remote("some-worker.js", "module");
  const answer = remote.call("load");
  await settled();
  assert.equal(worker.posted.length, 0);
  worker.onmessage({ data: { id: 0 } });
  await settled();
  worker.onmessage({ data: { id: 1, answer: "loaded" } });
  assert.equal(await answer, "loaded");
});

test("an error of the worker is one of the question that it was asked", async () => {
  const remote = new Remote("some-worker.js", "classic");
  const [bad, good] = [remote.call("a"), remote.call("b")];
  await settled();
  worker.onmessage({ data: { id: 1, error: "m.onnx: is damaged" } });
  worker.onmessage({ data: { id: 2 } });
  await assert.rejects(bad, /^Error: m\.onnx: is damaged$/);
  assert.equal(await good, undefined);
  assert.equal(remote.broken, false);
});

test("where the worker dies, all that wait and all that ask later are told why", async () => {
  const remote = new Remote("some-worker.js", "classic");
  const waiting = remote.call("a");
  await settled();
  worker.onerror({ message: "" });
  await assert.rejects(waiting, /some-worker\.js cannot be loaded/);
  await assert.rejects(remote.call("b"), /some-worker\.js cannot be loaded/);
  assert.equal(remote.broken, true);
});

test("it is started from a blob, which keeps the page's policy", () => {
  new Remote("some-worker.js", "module");
  assert.match(worker.address, /^blob:/);
});
