// What the teaching panel says.

/** @import { Group, NewExample, Way } from "../types.js" */

import { advised } from "../clips/sentinels.js";

export const NO_HAND = "No hand was seen in it, so it was not kept. Come closer or turn on a light, and sign it again.";
export const NO_NAME = "Type the sign first, then hold the button.";
export const NO_PICTURE = "Nothing was recorded: there was no picture yet.";
export const STARTING = "The camera starts. When you see yourself, hold the button and sign.";
export const STOPPED = "Nothing was recorded: the picture has stopped.";
const UNTAUGHT = "This model cannot be taught: it was exported without an embedding. Export it again, without --no-embedding. The page still keeps what you record, and you can save it for training.";
const ALONE = "This model does not say what its own signs look like, so the page cannot use yours together with them.";

/**
 * What is to be said about the choice of signs; "" where nothing is. set: see TaughtSet.
 * @param {{ loaded: boolean, able: boolean, canBoth: boolean, replaced: string[], way: Way }} set
 */
export function why({ loaded, able, canBoth, replaced, way }) {
  if (!loaded) return "";
  if (!able) return UNTAUGHT;
  if (!canBoth) return ALONE;
  if (way !== "both" || !replaced.length) return "";
  const several = replaced.length > 1;
  return `${listed(replaced)} ${several ? "are signs" : "is a sign"} of the model too. Yours ${several ? "take their" : "takes its"} place.`;
}

/**
 * { text, doubt } of a sign's examples. count: how many there are, brought: how many of them lie in
 * the model's file, examples: those of this page, some of which may lie there too.
 * @param {Omit<Group, "sign">} group
 */
export function summary({ count, brought, examples, advice }) {
  const inFile = brought ? ` (${brought < count ? brought : "all"} in the model file)` : "";
  const text = `${many(count, "example")}${inFile}.`;
  const told = examples.flatMap((example) => advice.get(example) ?? []);
  const odd = examples.flatMap((example, i) => {
    const like = advice.get(example)?.like;
    return like ? [{ number: i + 1, like }] : [];
  });
  if (odd.length) return { text: `${text} ${doubts(odd, examples.length)} Record another?`, doubt: true };
  if (count === 1 && told.length) return { text: `${text} One or two more make it surer.`, doubt: false };
  const agree = told.length > 1 && told.every(({ agrees }) => agrees);
  return { text: agree ? `${text} They agree.` : text, doubt: false };
}

/**
 * odd: [{ number, like }] of a sign's examples, of which there are `count`.
 * @param {{ number: number, like: string }[]} odd @param {number} count
 */
function doubts(odd, count) {
  const like = listed([...new Set(odd.map((one) => one.like))]);
  if (count === 1) return `Looks like ${like}.`;
  const numbers = listed(odd.map(({ number }) => number));
  return odd.length === 1 ? `Example ${numbers} looks like ${like}.` : `Examples ${numbers} look like ${like}.`;
}

/** @param {(string | number)[]} names */
function listed(names) {
  return names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${names.at(-1)}` : String(names[0]);
}

/**
 * What is said after an example was kept.
 * @param {{ sign: string }} example @param {number} count @param {string | null} [like]
 */
export function kept({ sign }, count, like) {
  const text = `Recorded: ${sign}, ${many(count, "example")}.`;
  return like ? `${text} Looks like ${like}. Record another?` : text;
}

/**
 * What is said after a file was opened. here: how many of its examples were known before.
 * @param {File} file @param {NewExample[]} examples @param {number} here
 */
export function opened(file, examples, here) {
  const signs = new Set(examples.map(({ sign }) => sign)).size;
  const before = here ? ` ${here} of them ${here === 1 ? "was" : "were"} here already.` : "";
  const remarks = [...new Set(examples.flatMap(({ remark }) => remark || []))];
  const mended = remarks.map((remark) => ` In ${examples.filter((one) => one.remark === remark).length} of them: ${advised(remark)}.`);
  return `Opened ${file.name}: ${many(examples.length, "example")} of ${many(signs, "sign")}.${before}${mended.join("")}`;
}

/** @param {number} count @param {string} what */
export function many(count, what) {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
