// Loads model files as the page does, runs a clip through each, and prints what came out, as JSON.
// node model_runner.mjs WEB_FOLDER < {"files": [paths], "clip": [numbers, null where not found], "T": frames}

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const web = pathToFileURL(`${process.argv[2]}/`);
const { loadRecogniser } = await import(new URL("recognise.js", web));
const { ownSha256, sha256 } = await import(new URL("model/checksum.js", web));

async function tried(path, frames, T) {
  try {
    const recogniser = await loadRecogniser(new Uint8Array(readFileSync(path)), { name: "model" });
    const { probabilities } = await recogniser.recognise(frames, T);
    await recogniser.release();
    return { probabilities: [...probabilities] };
  } catch (error) {
    return { error: error.message };
  }
}

const { files, clip, T, bytes = [] } = JSON.parse(readFileSync(0, "utf-8"));
const frames = Float32Array.from(clip, (number) => number ?? NaN);
const answers = [];
for (const path of files) answers.push(await tried(path, frames, T));
const sums = [];
for (const text of bytes) {
  const given = Uint8Array.from(Buffer.from(text, "hex"));
  sums.push([await sha256([given.subarray(0, given.length >> 1), given.subarray(given.length >> 1)]), Buffer.from(ownSha256(given)).toString("hex")]);
}
process.stdout.write(JSON.stringify({ answers, sums }));
