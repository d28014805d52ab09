// Moves through made-up videos as the page does, and prints what came out, as JSON.
// node frames_runner.mjs WEB_FOLDER < [{"times": seconds of the frames, "duration": seconds,
//     "late": whether the frame before is read first, as of a busy browser}]

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { Clock } = await import(new URL("live/sources.js", pathToFileURL(`${process.argv[2]}/`)));
const videos = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(videos.map(({ times, duration, late }) => {
  const [clock, seen, said] = [new Clock(), [], []];
  let [seeks, fresh] = [0, 0]; // fresh: where the next frame is looked for first
  for (let target = 0; target < duration && seeks < 100000; seeks++) {
    let number = Math.max(0, times.findLastIndex((time) => time <= target + 1e-9));
    if (late && target === fresh && seen.length > 1 && !clock.doubts(times[seen.at(-1)], target)) number = seen.at(-1);
    const time = clock.time(times[number], target);
    if (time !== null) {
      seen.push(number);
      said.push(time);
    }
    target = clock.next(target, times[number]);
    if (time !== null) fresh = target;
  }
  return { seen, said, seeks };
})));
