// Moves through made-up videos as the page does, and prints what came out, as JSON.
// node frames_runner.mjs WEB_FOLDER < [{"times": seconds of the frames, "duration": seconds}]

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { Clock } = await import(new URL("frames.js", pathToFileURL(`${process.argv[2]}/`)));
const videos = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(videos.map(({ times, duration }) => {
  const [clock, seen, said] = [new Clock(), [], []];
  let seeks = 0;
  for (let target = 0; target < duration && seeks < 100000; seeks++) {
    const number = Math.max(0, times.findLastIndex((time) => time <= target + 1e-9));
    const time = clock.time(times[number], target);
    if (time !== null) {
      seen.push(number);
      said.push(time);
    }
    target = clock.next(target, times[number]);
  }
  return { seen, said, seeks };
})));
