// What an exported model.onnx says of itself: the entry "signlet" of its metadata, one JSON text.
// onnxruntime-web hides a model's metadata, so it is read from the file's bytes here.

import { isName } from "./names.js";

export const SCHEMA = "mediapipe-holistic-543/signlet-100";
const FORMAT = 1;
const ENTRY = "signlet";

// Field numbers of ModelProto and of StringStringEntryProto in ONNX's onnx.proto.
const METADATA = 14;
const KEY = 1;
const VALUE = 2;

// Wire types of Protocol Buffers.
const VARINT = 0;
const EIGHT_BYTES = 1;
const SIZED = 2;
const FOUR_BYTES = 5;

/**
 * The card of an exported model.
 * bytes: Uint8Array of the whole file. name: of the file, for errors.
 * Throws an Error where there is none, or it is damaged, newer, or of another layout of landmarks.
 */
export function readCard(bytes, name) {
  const text = metadataEntry(bytes, name, ENTRY);
  if (!text) {
    throw new Error(`${name}: was not exported by signlet; run signlet export`);
  }
  let card;
  try {
    card = JSON.parse(text);
  } catch {
    throw damaged(name, "its card is no JSON");
  }
  return checked(card, name);
}

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

function isCalibration(calibration) {
  const { temperature, threshold } = calibration ?? {};
  return isBetween(temperature, 0.01, 100) && isBetween(threshold, 0, 1);
}

function isBetween(number, low, high) {
  return typeof number === "number" && number >= low && number <= high;
}

function damaged(name, reason) {
  return new Error(`${name}: is damaged (${reason}); copy or export it again`);
}

/** The text that a model's metadata has under a name, undefined where there is none. */
function metadataEntry(bytes, name, wanted) {
  const decoder = new TextDecoder();
  try {
    for (const [field, content] of fields(bytes)) {
      if (field !== METADATA || !content) continue;
      const entry = new Map(fields(content));
      if (decoder.decode(entry.get(KEY)) === wanted) return decoder.decode(entry.get(VALUE));
    }
  } catch (error) {
    if (error instanceof RangeError) throw damaged(name, error.message);
    throw error;
  }
  return undefined;
}

/** [number, content] of a message's fields; content is a view for sized fields, else undefined. */
function* fields(bytes) {
  let position = 0;

  function varint() {
    let value = 0;
    for (let scale = 1; scale < 2 ** 70; scale *= 128) {
      if (position >= bytes.length) break;
      const byte = bytes[position++];
      value += (byte & 127) * scale; // exact up to 2 ** 53: larger numbers are skipped, not used
      if (byte < 128) return value;
    }
    throw new RangeError("not a model, or cut off");
  }

  while (position < bytes.length) {
    const tag = varint();
    const kind = tag % 8;
    let size = { [EIGHT_BYTES]: 8, [FOUR_BYTES]: 4, [VARINT]: 0 }[kind];
    if (kind === VARINT) varint();
    if (kind === SIZED) size = varint();
    if (!(position + size <= bytes.length)) throw new RangeError("not a model, or cut off");
    const content = kind === SIZED ? bytes.subarray(position, position + size) : undefined;
    yield [Math.floor(tag / 8), content];
    position += size;
  }
}
