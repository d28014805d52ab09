import assert from "node:assert/strict";
import { test } from "node:test";

import { inAMessage, isName, oneLine, shows } from "../../src/signlet/web/clips/names.js";
import { cameraProblem, fileProblem, percent, slowness, trackerProblem } from "../../src/signlet/web/page/words.js";
import { kept, opened, summary, why } from "../../src/signlet/web/teach/words.js";

test("a name is one line in one form, without blanks around it", () => {
  assert.equal(oneLine("\u00a0 u\u0308ben \n", "it"), "\u00fcben");
  assert.equal(oneLine("   ", "it"), "");
  assert.throws(() => oneLine("a\nb", "The sign"), /^Error: The sign is not one printable line: it holds U\+000A\. Take that out of it\.$/);
  assert.throws(() => oneLine("a".repeat(101), "The sign"), /is longer than 100 characters, or than 240 bytes/);
  assert.throws(() => oneLine("\u{1f600}".repeat(61), "The sign"), /is longer than/);
});

test("only a text that shows something is a name", () => {
  assert.deepEqual([7, null, ["a"], "", "\u200d", "a\u202eb"].map(isName), [false, false, false, false, false, false]);
  assert.ok(isName("gut") && shows("\u200dx"));
});

test("a message is one printable line of bounded length, whatever a file is called", () => {
  assert.equal(inAMessage("a\u0000b\n\n c\u202e"), "a\\x00b c\\u202e");
  const long = inAMessage(`${"x".repeat(5000)}: cannot be read`);
  assert.match(long, /^x{100}…x{100}, 5,000 characters: cannot be read$/);
  assert.ok(inAMessage("word ".repeat(5000)).length < 1600);
});

const one = { sign: "a" };
const other = { sign: "a" };
const advice = (...likes) => new Map([one, other].slice(0, likes.length).map((example, i) => [example, { like: likes[i], agrees: true }]));

test("examples that agree are said to, one alone is too few, and one that is like another sign is doubted", () => {
  assert.deepEqual(summary({ count: 2, brought: 0, examples: [one, other], advice: advice(null, null) }), { text: "2 examples. They agree.", doubt: false });
  assert.deepEqual(summary({ count: 1, brought: 0, examples: [one], advice: advice(null) }), { text: "1 example. One or two more make it surer.", doubt: false });
  assert.deepEqual(summary({ count: 2, brought: 0, examples: [one, other], advice: advice(null, "b") }), { text: "2 examples. Example 2 looks like b. Record another?", doubt: true });
  assert.equal(summary({ count: 2, brought: 0, examples: [one, other], advice: advice("c", "b") }).text, "2 examples. Examples 1 and 2 look like c and b. Record another?");
});

test("examples of the model's file are counted apart", () => {
  assert.equal(summary({ count: 3, brought: 2, examples: [one], advice: new Map() }).text, "3 examples (2 in the model file).");
  assert.equal(summary({ count: 2, brought: 2, examples: [], advice: new Map() }).text, "2 examples (all in the model file).");
});

test("why the choice of signs is as it is", () => {
  const set = { loaded: true, able: true, canBoth: true, replaced: [], way: "both" };
  assert.equal(why(set), "");
  assert.equal(why({ ...set, loaded: false }), "");
  assert.match(why({ ...set, able: false }), /cannot be taught/);
  assert.match(why({ ...set, canBoth: false }), /does not say what its own signs look like/);
  assert.equal(why({ ...set, replaced: ["a"] }), "a is a sign of the model too. Yours takes its place.");
  assert.equal(why({ ...set, replaced: ["a", "b", "c"] }), "a, b and c are signs of the model too. Yours take their place.");
});

test("what was recorded or opened is counted, and what was mended is said once", () => {
  assert.equal(kept({ sign: "a" }, 1), "Recorded: a, 1 example.");
  assert.equal(kept({ sign: "a" }, 2, "b"), "Recorded: a, 2 examples. Looks like b. Record another?");
  const examples = [{ sign: "a", remark: "zeros taken as not found" }, { sign: "a", remark: "zeros taken as not found" }, { sign: "b" }];
  assert.equal(
    opened({ name: "clips.zip" }, examples, 1),
    "Opened clips.zip: 3 examples of 2 signs. 1 of them was here already. In 2 of them: zeros taken as not found; write NaN where a point was not found.",
  );
});

test("each problem of camera, tracker and file says what to do", () => {
  assert.match(cameraProblem({ name: "NotAllowedError" }), /was not allowed\. Allow it beside the address/);
  assert.match(cameraProblem({ name: "Odd", message: "" }), /does not start \(Odd\)/);
  assert.match(trackerProblem(new Error("no WebGL")), /hardware acceleration/);
  assert.match(trackerProblem(new Error("Failed to fetch")), /\(the server did not send its files\)/);
  assert.match(fileProblem({ name: "a.mkv" }, { name: "UnplayableError" }), /^a\.mkv: this browser cannot play it/);
  assert.equal(fileProblem({ name: "a" }, new Error("a: is cut off")), "a: is cut off");
  assert.equal(percent(0.125), "13 %");
  assert.match(slowness(7.93), /without a graphics card: it needs 7\.9 s for one picture\. A camera will be too slow/);
});
