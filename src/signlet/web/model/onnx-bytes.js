// A model.onnx as bytes, as signlet.modelfile.onnx_bytes in Python: one message of Protocol Buffers.
// onnxruntime-web hides a model's metadata, so it is read here.

/** @import { Bytes } from "../types.js" */

/** @typedef {{ begin: number, end: number, value?: Bytes }} Entry of the metadata, and where it lies */

import { sha256 } from "./checksum.js";

const CARD = "signlet";
const CHECKSUM = "signlet.sha256"; // SHA-256 of every byte but this entry's own

// Field numbers of ModelProto, of StringStringEntryProto and of GraphProto in ONNX's onnx.proto.
const GRAPH = 7;
const METADATA = 14;
const FUNCTIONS = 25;
const KEY = 1;
const VALUE = 2;
const SPARSE = 15;
// A key that a tensor in another file has, and an attribute with sparse weights.
const ELSEWHERE = ["location", "sparse_value"].map((word) => new TextEncoder().encode(word));

// Wire types of Protocol Buffers.
const VARINT = 0;
const EIGHT_BYTES = 1;
const SIZED = 2;
const FOUR_BYTES = 5;
/** @type {Record<number, number>} */
const SIZES = { [EIGHT_BYTES]: 8, [FOUR_BYTES]: 4, [VARINT]: 0 };

let noted = false; // once a page

/**
 * The card of a model that is whole, as text, "" where it has none.
 * bytes: Uint8Array of the file. name: of it, for errors.
 * Throws an Error where it is damaged, or has weights elsewhere, or such that take any memory.
 * @param {Bytes} bytes @param {string} name @returns {Promise<string>}
 */
export async function cardText(bytes, name) {
  const entries = readable(name, () => metadata(bytes));
  const [card, stated] = [CARD, CHECKSUM].map((key) => only(entries, key, name));
  if (stated) {
    const found = await sha256([bytes.subarray(0, stated.begin), bytes.subarray(stated.end)]);
    if (found !== text(stated, name)) {
      throw new Error(`${name}: is damaged, or was changed after it was written (its sha256 differs); copy it again, or export it again`);
    }
  }
  const nameless = !stated && Array.from(entries.values()).flat().some(isChecksum);
  if (nameless) throw damaged(name, "its checksum has lost its name");
  requireAlone(bytes, name);
  if (!card) return "";
  if (!stated && !noted) {
    noted = true;
    console.warn(`${name}: has no checksum, like all files of older versions of signlet, so damage would go unnoticed; export it again`);
  }
  return text(card, name);
}

/** @param {Entry} entry: damage may have changed only what it is called. */
function isChecksum({ value }) {
  return /^[0-9a-f]{64}$/.test(new TextDecoder("latin1").decode(value));
}

/** @param {string} name @param {string} reason */
export function damaged(name, reason) {
  return new Error(`${name}: is damaged (${reason}); copy or export it again`);
}

/**
 * The metadata's entries: Map of key to [{ begin, end, value }].
 * @param {Bytes} bytes @returns {Map<string, Entry[]>}
 */
function metadata(bytes) {
  const entries = new Map();
  let graphs = 0;
  for (const { field, begin, end, content } of fields(bytes)) {
    if (field === GRAPH) graphs++;
    if (field !== METADATA || !content) continue;
    const parts = new Map(Array.from(fields(content), (part) => [part.field, part.content]));
    const key = new TextDecoder().decode(parts.get(KEY));
    entries.set(key, [...(entries.get(key) ?? []), { begin, end, value: parts.get(VALUE) }]);
  }
  if (!graphs) throw new RangeError("not a model, or cut off");
  return entries;
}

/** @param {Map<string, Entry[]>} entries @param {string} key @param {string} name */
function only(entries, key, name) {
  const found = entries.get(key) ?? [];
  if (found.length > 1) throw damaged(name, `its ${key} appears ${found.length} times`);
  return found[0];
}

/** @param {Entry} entry @param {string} name */
function text({ value }, name) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(value);
  } catch {
    throw damaged(name, "its description is not UTF-8");
  }
}

/**
 * Only what lies in the file itself, and needs no more memory than it, is run.
 * @param {Bytes} bytes @param {string} name
 */
function requireAlone(bytes, name) {
  for (const { field, content } of fields(bytes)) {
    if ((field !== GRAPH && field !== FUNCTIONS) || !content) continue;
    const sparse = field === GRAPH && readable(name, () => Array.from(fields(content)).some((part) => part.field === SPARSE));
    if (sparse || ELSEWHERE.some((word) => holds(content, word))) {
      throw new Error(`${name}: has weights in another file, or sparse weights; give a model in one file, as signlet exports it`);
    }
  }
}

/** @param {Bytes} bytes @param {Uint8Array} word */
function holds(bytes, word) {
  for (let at = bytes.indexOf(word[0]); at >= 0; at = bytes.indexOf(word[0], at + 1)) {
    if (word.every((byte, i) => bytes[at + i] === byte)) return true;
  }
  return false;
}

/** @template Read @param {string} name @param {() => Read} read */
function readable(name, read) {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) throw damaged(name, error.message);
    throw error;
  }
}

/**
 * Of a message's fields: { field, begin, end, content }, its number, where it lies, and a view of
 * what sized ones hold. Throws a RangeError where the message is damaged.
 * @param {Bytes} bytes @returns {Generator<{ field: number, begin: number, end: number, content?: Bytes }>}
 */
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
    const begin = position;
    const tag = varint();
    const kind = tag % 8;
    let size = SIZES[kind] ?? NaN;
    if (kind === VARINT) varint();
    if (kind === SIZED) size = varint();
    if (!(position + size <= bytes.length)) throw new RangeError("not a model, or cut off");
    const content = kind === SIZED ? bytes.subarray(position, position + size) : undefined;
    position += size;
    yield { field: Math.floor(tag / 8), begin, end: position, content };
  }
}
