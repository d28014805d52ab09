// numpy's .npz files: a zip of .npy arrays. Written without compression, read with or without.

/** @import { Bytes, NpyArray } from "../types.js" */

import { fromHalf } from "./float16.js";

const MAGIC = "\x93NUMPY";
const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const UTF8 = 0x0800;
const DATE = 0x21; // 1 January 1980: the same arrays give the same file
const VERSION = 20;
const STORED = 0;
const DEFLATED = 8;
/** @type {Record<string, (buffer: ArrayBuffer) => NonNullable<NpyArray["numbers"]>>} */
const TYPES = {
  "<f2": (buffer) => Float32Array.from(new Uint16Array(buffer), fromHalf),
  "<f4": (buffer) => new Float32Array(buffer),
  "<f8": (buffer) => new Float64Array(buffer),
  "<i4": (buffer) => new Int32Array(buffer),
  "<i8": (buffer) => Float64Array.from(new BigInt64Array(buffer), Number), // as numpy keeps fps=25
};

/** A zip that is none, or not as it was written; the message says which. */
class ZipError extends Error {}

/**
 * Bytes of an .npz. arrays: name -> [Float32Array or Float64Array, shape].
 * @param {Record<string, [numbers: Float32Array | Float64Array, shape: number[]]>} arrays
 */
export function writeNpz(arrays) {
  return writeZip(Object.entries(arrays).map(
    ([name, [numbers, shape]]) => [`${name}.npy`, npy(numbers, shape)],
  ));
}

/**
 * Bytes of a zip without compression. files: [name, Uint8Array].
 * @param {[name: string, bytes: Bytes][]} files
 */
export function writeZip(files) {
  const parts = [];
  const index = [];
  let offset = 0;
  for (const [name, bytes] of files) {
    const title = new TextEncoder().encode(name);
    const facts = [VERSION, UTF8, STORED, 0, DATE, [crc32(bytes)], [bytes.length], [bytes.length], title.length, 0];
    parts.push(record([LOCAL], ...facts), title, bytes);
    index.push(record([CENTRAL], VERSION, ...facts, 0, 0, 0, [0], [offset]), title);
    offset += 30 + title.length + bytes.length;
  }
  const size = index.reduce((total, part) => total + part.length, 0);
  const end = record([END], 0, 0, files.length, files.length, [size], [offset], 0);
  return join([...parts, ...index, end]);
}

/**
 * Little-endian numbers: two bytes each, four where in brackets.
 * @param {(number | number[])[]} numbers
 */
function record(...numbers) {
  const bytes = [];
  for (const number of numbers) {
    const wide = Array.isArray(number);
    for (let shift = 0; shift < (wide ? 32 : 16); shift += 8) bytes.push(((wide ? number[0] : number) >>> shift) & 255);
  }
  return Uint8Array.from(bytes);
}

/** @param {Float32Array | Float64Array} numbers @param {number[]} shape */
function npy(numbers, shape) {
  const type = numbers instanceof Float32Array ? "<f4" : "<f8";
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '${type}', 'fortran_order': False, 'shape': (${sizes}), }`;
  const header = `${text.padEnd(64 * Math.ceil((text.length + 11) / 64) - 11)}\n`;
  const start = Uint8Array.from(MAGIC, (letter) => letter.charCodeAt(0));
  const bytes = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
  return join([start, record(1, header.length), new TextEncoder().encode(header), bytes]);
}

/**
 * Arrays of an .npz file: name -> { numbers, shape, type }; numbers is null where they are of a
 * type that is not read. Throws as readZip does.
 * @param {File} file @returns {Promise<Record<string, NpyArray>>}
 */
export async function readNpz(file) {
  const files = await readZip(file, "an .npz");
  const arrays = files.filter(([name]) => name.endsWith(".npy"));
  return told(file.name, () => Object.fromEntries(arrays.map(([name, bytes]) => [name.slice(0, -4), readNpy(bytes)])));
}

/**
 * The files in a zip: [[name, Uint8Array]]. file: a File. kind: what errors call it.
 * Throws an Error of one line, never one of the browser's, where it is none, or damaged.
 * @param {File} file @returns {Promise<[name: string, bytes: Bytes][]>}
 */
export async function readZip(file, kind = "a .zip") {
  const bytes = await readBytes(file);
  return told(file.name, () => filesIn(bytes, kind));
}

/**
 * What a file holds, as Uint8Array. Throws an Error of one line.
 * @param {File} file
 */
export async function readBytes(file) {
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch {
    throw new Error(`${file.name}: cannot be read; choose it again`); // it was moved, or changed
  }
}

/**
 * What is read; whatever else the browser says of broken bytes is said in our words.
 * @template Read @param {string} name @param {() => Read | Promise<Read>} read
 */
async function told(name, read) {
  try {
    return await read();
  } catch (error) {
    throw new Error(`${name}: ${error instanceof ZipError ? error.message : "is damaged; copy or save it again"}`);
  }
}

/** @param {Bytes} bytes @param {string} kind */
async function filesIn(bytes, kind) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = bytes.length - 22;
  while (end >= 0 && view.getUint32(end, true) !== END) end--;
  if (end < 0) throw new ZipError(`cannot be read (not ${kind} archive); copy or save it again`);
  /** @type {[name: string, bytes: Bytes][]} */
  const files = [];
  let at = view.getUint32(end + 16, true);
  for (let left = view.getUint16(end + 10, true); left > 0; left--) {
    if (view.getUint32(at, true) !== CENTRAL) throw new Error("no entry");
    const [title, extra, comment] = [28, 30, 32].map((offset) => view.getUint16(at + offset, true));
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + title));
    const content = await unpacked(bytes, view, at, kind);
    if (crc32(content) !== view.getUint32(at + 16, true)) throw new Error("other bytes");
    files.push([name, content]);
    at += 46 + title + extra + comment;
  }
  return files;
}

/** @param {Bytes} bytes @param {DataView} view @param {number} at @param {string} kind */
async function unpacked(bytes, view, at, kind) {
  const [size, local] = [20, 42].map((offset) => view.getUint32(at + offset, true));
  const begin = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
  const packed = bytes.subarray(begin, begin + size);
  const method = view.getUint16(at + 10, true);
  if (method === STORED) return packed;
  if (method !== DEFLATED) throw new ZipError(`cannot be read (${kind} archive of an unknown compression); save it again`);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** @param {Bytes} bytes @returns {NpyArray} */
function readNpy(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wide = bytes[6] > 1;
  const begin = (wide ? 12 : 10) + (wide ? view.getUint32(8, true) : view.getUint16(8, true));
  const header = new TextDecoder("latin1").decode(bytes.subarray(10, begin));
  const [, type = "unknown"] = /'descr': '([^']*)'/.exec(header) ?? [];
  const [, order, sizes = ""] = /'fortran_order': (\w+), 'shape': \(([^)]*)\)/.exec(header) ?? [];
  const shape = sizes.split(",").filter((size) => size.trim()).map(Number);
  if (!TYPES[type]) return { numbers: null, shape, type }; // whoever needs it says so
  if (order !== "False") return { numbers: null, shape, type: `${type} in Fortran order` };
  const count = shape.reduce((product, size) => product * size, 1);
  const copy = bytes.slice(begin, begin + count * Number(type[2]));
  return { numbers: TYPES[type](copy.buffer), shape, type };
}

/** @param {Uint8Array[]} parts */
function join(parts) {
  const whole = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

/** @param {Uint8Array} bytes */
function crc32(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = TABLE[(value ^ byte) & 255] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}
