// Runs teach.js on embeddings and prints what came out, as JSON.
// node teach_runner.mjs WEB_FOLDER < {"cases": [{kept, examples, teaching, queries}], "numbers": [],
// "cards": [{card, queries}]}

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const web = pathToFileURL(`${process.argv[2]}/`);
const { TEACHING, advise, answer, teach } = await import(new URL("teach.js", web));
const { halved } = await import(new URL("clips/float16.js", web));
const { readTeaching } = await import(new URL("model/teach-card.js", web));

function run({ kept, examples, teaching, queries }) {
  const head = teach(examples, { kept, teaching });
  return { head: plain(head), answers: answered(head, queries), advice: advise(head, examples) };
}

function plain(head) {
  const { prototypes, shown } = head;
  return { ...head, prototypes: prototypes.map((row) => [...row]), shown: shown.map((rows) => rows.map((row) => [...row])) };
}

function answered(head, queries) {
  const answers = queries.map((query) => answer(head, query));
  return answers.map(({ none, probabilities }) => ({ none, probabilities: [...probabilities] }));
}

function read({ card, queries }) {
  try {
    const { taught, own, teaching } = readTeaching(card, "model.onnx");
    if (!taught) return { own: own.length, teaching };
    return { own: own.length, teaching, head: plain(taught.head), answers: answered(taught.head, queries) };
  } catch (error) {
    return { error: error.message };
  }
}

const { cases, numbers, cards } = JSON.parse(readFileSync(0, "utf-8"));
const told = { results: cases.map(run), teaching: TEACHING, halves: numbers.map(halved), cards: cards.map(read) };
process.stdout.write(JSON.stringify(told));
