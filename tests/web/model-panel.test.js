import assert from "node:assert/strict";
import { test } from "node:test";

import { modelTitle } from "../../src/signlet/web/page/model-panel.js";

test("a file that is called model, as every export is, has the name of its run", () => {
  const card = { about: { run: "letters at school" } };
  for (const name of ["model.onnx", "Model.ONNX", "model (2).onnx", "model-fp16.onnx"]) {
    assert.equal(modelTitle(name, card), "letters at school", name);
  }
});

test("any other file keeps its name, and so does one that knows of no run", () => {
  assert.equal(modelTitle("greetings.onnx", { about: { run: "letters" } }), "greetings");
  assert.equal(modelTitle("models.onnx", { about: { run: "letters" } }), "models");
  for (const about of [undefined, {}, { run: 7 }]) assert.equal(modelTitle("model.onnx", { about }), "model");
});
