// Numbers of half precision, as embeddings lie in model files, and landmarks in some recordings.

const OFF = 0.05; // a row's length may differ from 1 by this; half precision moves it by 0.001

/**
 * Rows of length 1 out of base64 of float16, little-endian: Float64Arrays.
 * what: names them in errors. Throws an Error where they are not so many, or not such.
 * @param {string} text @param {number} rows @param {number} width @param {string} what
 */
export function unitRows(text, rows, width, what) {
  let bytes;
  try {
    bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  } catch {
    throw new Error(`${what} are not base64`);
  }
  if (bytes.length !== 2 * rows * width) throw new Error(`${what} are not ${rows} times ${width} numbers`);
  const view = new DataView(bytes.buffer);
  const all = Float64Array.from({ length: rows * width }, (_, i) => fromHalf(view.getUint16(2 * i, true)));
  const read = Array.from({ length: rows }, (_, row) => all.subarray(row * width, (row + 1) * width));
  /** @param {Float64Array} row */
  const isUnit = (row) => Math.abs(Math.hypot(...row) - 1) <= OFF; // nor is NaN
  if (!read.every(isUnit)) throw new Error(`${what} are not of length 1`);
  return read;
}

/**
 * The number that 16 bits of half precision stand for.
 * @param {number} bits
 */
export function fromHalf(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const power = (bits >> 10) & 31;
  const part = bits & 1023;
  if (power === 31) return part ? NaN : sign * Infinity;
  return sign * (power ? (1 + part / 1024) * 2 ** (power - 15) : part * 2 ** -24);
}

/**
 * The nearest number of half precision; of two, the even one. For numbers below 65504.
 * @param {number} value
 */
export function halved(value) {
  const step = 2 ** (Math.max(Math.floor(Math.log2(Math.abs(value))), -14) - 10);
  const steps = value / step;
  const low = Math.floor(steps);
  const up = steps - low > 0.5 || (steps - low === 0.5 && low % 2 !== 0);
  return (up ? low + 1 : low) * step;
}
