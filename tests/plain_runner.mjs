// Runs sentinels.js and names.js on cases and prints what they made of them, as JSON.
// node plain_runner.mjs WEB_FOLDER < {"clips": [path of float32 numbers], "names": [text]}

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const web = pathToFileURL(`${process.argv[2]}/`);
const { withoutNumbers } = await import(new URL("clips/sentinels.js", web));
const { inAMessage, isName, oneLine, shows } = await import(new URL("clips/names.js", web));

function read(path) {
  const bytes = readFileSync(path);
  const given = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  const before = digest(given);
  const { frames, remark } = withoutNumbers(given);
  return { digest: digest(frames), remark, kept: digest(given) === before, same: frames === given };
}

function digest(frames) {
  const quiet = frames.map((number) => (Number.isNaN(number) ? -7e7 : number)); // NaN has many bits
  return createHash("sha256").update(new Uint8Array(quiet.buffer)).digest("hex");
}

function named(text) {
  try {
    const name = oneLine(text, "it");
    return { name: shows(name) ? name : null, may: isName(text) };
  } catch (error) {
    return { name: null, may: isName(text), error: error.message };
  }
}

const { clips, names } = JSON.parse(readFileSync(0, "utf-8"));
const messages = names.map(inAMessage);
process.stdout.write(JSON.stringify({ clips: clips.map(read), names: names.map(named), messages }));
