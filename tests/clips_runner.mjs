// Reads files of landmarks as the page does, and prints their times, as JSON.
// node clips_runner.mjs WEB_FOLDER FILE...

import { File } from "node:buffer";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { readClip } = await import(new URL("clips/clips.js", pathToFileURL(`${process.argv[2]}/`)));
const clips = process.argv.slice(3).map((path) => readClip(new File([readFileSync(path)], path)));
console.log(JSON.stringify((await Promise.all(clips)).map(({ times }) => Array.from(times))));
