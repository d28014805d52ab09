// What an exported model.onnx says of itself: the entry "signlet" of its metadata, one JSON text.

/** @import { Bytes, Card } from "../types.js" */

import { SCHEMA } from "../clips/landmarks.js";
import { isName } from "../clips/names.js";
import { cardText, damaged } from "./onnx-bytes.js";

const FORMAT = 1;
const DEEPEST = 32;

/**
 * The card of an exported model.
 * bytes: Uint8Array of the whole file. name: of the file, for errors.
 * Throws an Error where there is none, it or the file is damaged, it is newer, or of another layout
 * of landmarks.
 * @param {Bytes} bytes @param {string} name @returns {Promise<Card>}
 */
export async function readCard(bytes, name) {
  const text = await cardText(bytes, name);
  if (!text) {
    throw new Error(`${name}: was not exported by signlet; run signlet export`);
  }
  let card;
  try {
    card = JSON.parse(text);
  } catch {
    throw damaged(name, "its card is not JSON");
  }
  requirePlain(card, name);
  return checked(card, name);
}

/**
 * Numbers that are none, and nesting that breaks other programs, as Python refuses them.
 * @param {unknown} card @param {string} name
 */
function requirePlain(card, name) {
  let level = [card];
  for (let depth = 0; level.length; depth++) {
    if (depth > DEEPEST) throw damaged(name, `its card is nested deeper than ${DEEPEST}`);
    if (level.includes(Infinity) || level.includes(-Infinity)) throw damaged(name, "its card holds a number that is too large");
    level = level.filter((one) => typeof one === "object" && one !== null).flatMap(Object.values);
  }
}

/** @param {any} card @param {string} name @returns {Card} */
function checked(card, name) {
  if (card?.format !== FORMAT) {
    throw new Error(`${name}: has card format ${card?.format}; update this page`);
  }
  if (card.landmarks !== SCHEMA) {
    throw new Error(`${name}: made for landmarks ${card.landmarks}, not ${SCHEMA}`);
  }
  const signs = card.signs;
  if (!Array.isArray(signs) || !signs.length || !signs.every(isName)) {
    throw damaged(name, "signs is not a list of names");
  }
  if (new Set(signs).size < signs.length) throw damaged(name, "a sign appears twice");
  if (card.calibration !== null && !isCalibration(card.calibration)) {
    throw damaged(name, "its calibration has no temperature and threshold");
  }
  card.embedding ??= null; // older cards have no such entry
  for (const count of ["max_frames", "embedding"]) {
    if (card[count] !== null && !(Number.isInteger(card[count]) && card[count] > 0)) {
      throw damaged(name, `${count} is ${card[count]}`);
    }
  }
  return card;
}

/** @param {any} calibration */
function isCalibration(calibration) {
  const { temperature, threshold } = calibration ?? {};
  return isBetween(temperature, 0.01, 100) && isBetween(threshold, 0, 1);
}

/** @param {unknown} number @param {number} low @param {number} high */
function isBetween(number, low, high) {
  return typeof number === "number" && number >= low && number <= high;
}
