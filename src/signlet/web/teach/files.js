// Taught signs as a file: a .zip of <sign>/<signer>_<n>.npz, which `signlet train` reads too.

/** @import { Bytes, NewExample } from "../types.js" */

import { hasHand, readClip, shortName, signName } from "../clips/clips.js";
import { readZip } from "../clips/npz.js";

const MOST = 2000; // recordings

/**
 * The examples in a .zip that this page or `zip` has made of such folders:
 * [{ sign, signer, frames, times, T, fps }]. Throws an Error of one line; then nothing was read.
 * @param {File} file @returns {Promise<NewExample[]>}
 */
export async function readExamples(file) {
  const found = (await readZip(file)).filter(([path]) => isExample(path));
  if (!found.length) throw new Error(`${file.name}: contains no signs; choose a .zip that this page has saved`);
  if (found.length > MOST) throw new Error(`${file.name}: contains ${found.length} examples, more than ${MOST}; split it into several files`);
  /** @type {NewExample[]} */
  const examples = [];
  for (const [path, bytes] of found) examples.push(await readExample(`${file.name}, ${path}`, path, bytes));
  return examples;
}

/**
 * What comes from a folder of the desktop or is hidden is no example.
 * @param {string} path
 */
function isExample(path) {
  const names = path.split("/");
  return names.length > 1 && /\.npz$/i.test(path) && !names.some((name) => name.startsWith(".") || name === "__MACOSX");
}

/** @param {string} name @param {string} path @param {Bytes} bytes @returns {Promise<NewExample>} */
async function readExample(name, path, bytes) {
  const [folder, file] = path.split("/").slice(-2);
  const sign = signName(folder, `${name}: the sign`);
  if (!sign) throw new Error(`${name}: has no name of a sign; name its folder after the sign`);
  const clip = await readClip(new File([bytes], name));
  if (!hasHand(clip)) throw new Error(`${name}: shows no hand in any frame; leave it out`);
  const signer = shortName(file.replace(/\.npz$/i, "").split("_")[0], `${name}: the name of who signs`);
  return { sign, signer, ...clip };
}

/**
 * Whether two examples are the same recording of the same sign.
 * @param {NewExample} one @param {NewExample} other
 */
export function isSame(one, other) {
  return one.sign === other.sign && one.T === other.T
    && one.frames.every((number, i) => Object.is(number, other.frames[i]));
}
