// Runs teach.js on embeddings and prints what came out, as JSON.
// node teach_runner.mjs WEB_FOLDER < {"cases": [{kept, examples, teaching, queries}]}

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const web = pathToFileURL(`${process.argv[2]}/`);
const { TEACHING, advise, answer, teach } = await import(new URL("teach.js", web));

function run({ kept, examples, teaching, queries }) {
  const head = teach(examples, { kept, teaching });
  const answers = queries.map((query) => answer(head, query));
  const told = answers.map(({ none, probabilities }) => ({ none, probabilities: [...probabilities] }));
  const prototypes = head.prototypes.map((prototype) => [...prototype]);
  return { head: { ...head, prototypes }, answers: told, advice: advise(head, examples) };
}

const { cases } = JSON.parse(readFileSync(0, "utf-8"));
process.stdout.write(JSON.stringify({ results: cases.map(run), teaching: TEACHING }));
