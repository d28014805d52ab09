import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const ROOT = new URL("../../", import.meta.url);
const WEB = new URL("src/signlet/web/", ROOT);
const read = (name, from = WEB) => readFileSync(new URL(name, from), "utf8");

const TYPES = read("types.d.ts");
const TAGS = { Buttons: ["button"], Inputs: ["input"] };

/** Ids of a union of texts in types.d.ts. */
function union(name) {
  const [, text] = new RegExp(`type ${name} =([^;]+);`).exec(TYPES);
  return text.match(/"[^"]+"/g).map((id) => id.slice(1, -1));
}

test("every part that the scripts look up is in index.html, as what its type says", () => {
  const tags = new Map(Array.from(read("index.html").matchAll(/<(\w+)[^>]*\bid="([\w-]+)"/g), ([, tag, id]) => [id, tag]));
  for (const name of ["Buttons", "Inputs", "Plain"]) {
    for (const id of union(name)) {
      assert.ok(tags.has(id), id);
      if (TAGS[name]) assert.ok(TAGS[name].includes(tags.get(id)), id);
    }
  }
  for (const [, id, type] of TYPES.matchAll(/^ {2}"?([\w-]+)"?: HTML(\w+)Element;$/gm)) {
    assert.equal(tags.get(id)?.toLowerCase(), type.toLowerCase(), id);
  }
});

test("no part is listed that no script looks up", () => {
  const scripts = readdirSync(new URL("page/", WEB)).filter((name) => name.endsWith(".js")).map((name) => read(`page/${name}`)).join("\n");
  for (const name of ["Buttons", "Inputs", "Plain"]) for (const id of union(name)) assert.ok(scripts.includes(`"${id}"`), id);
});

test("the types are those of the onnxruntime that the page runs", () => {
  const [tools, page] = [JSON.parse(read("package.json", ROOT)), JSON.parse(read("package.json"))];
  assert.equal(tools.devDependencies["onnxruntime-common"], page.dependencies["onnxruntime-web"]);
});

test("the lock file of the checks names no registry", () => {
  assert.doesNotMatch(read("package-lock.json", ROOT), /"resolved":/);
});
