// SHA-256 of bytes, which tells whether a model is what was written. The browser has it only on
// https and on this machine itself, so that a page of plain http computes it here.

const BLOCK = 64; // bytes
// The first 32 bits of the fractions of the square and cube roots of the first primes.
/** @type {number[]} */
const PRIMES = [];
for (let number = 2; PRIMES.length < 64; number++) if (PRIMES.every((prime) => number % prime)) PRIMES.push(number);
const START = PRIMES.slice(0, 8).map((prime) => fraction(prime ** (1 / 2)));
const ROUNDS = Int32Array.from(PRIMES, (prime) => fraction(Math.cbrt(prime)));

/**
 * SHA-256 of bytes that lie one after the other, as 64 hexadecimal digits. parts: Uint8Arrays.
 * @param {Uint8Array[]} parts
 */
export async function sha256(parts) {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let place = 0;
  for (const part of parts) {
    whole.set(part, place);
    place += part.length;
  }
  const lent = globalThis.crypto?.subtle;
  return hexadecimal(lent ? new Uint8Array(await lent.digest("SHA-256", whole)) : ownSha256(whole));
}

/**
 * SHA-256 without the browser's help: Uint8Array of 32 bytes.
 * @param {Uint8Array} bytes
 */
export function ownSha256(bytes) {
  const state = Int32Array.from(START);
  const words = new Int32Array(64);
  const full = bytes.length - (bytes.length % BLOCK);
  mix(state, words, new DataView(bytes.buffer, bytes.byteOffset, full));
  mix(state, words, new DataView(ending(bytes.subarray(full), bytes.length).buffer));
  const found = new DataView(new ArrayBuffer(32));
  state.forEach((word, i) => found.setInt32(4 * i, word));
  return new Uint8Array(found.buffer);
}

/**
 * What is left of the bytes, a bit, and how many bits there were, in whole blocks.
 * @param {Uint8Array} rest @param {number} length
 */
function ending(rest, length) {
  const last = new Uint8Array(rest.length + 9 > BLOCK ? 2 * BLOCK : BLOCK);
  last.set(rest);
  last[rest.length] = 0x80;
  const view = new DataView(last.buffer);
  view.setUint32(last.length - 8, Math.floor(length / 2 ** 29));
  view.setUint32(last.length - 4, (length * 8) >>> 0);
  return last;
}

/** @param {Int32Array} state @param {Int32Array} words @param {DataView} view */
function mix(state, words, view) {
  for (let place = 0; place < view.byteLength; place += BLOCK) {
    for (let i = 0; i < 16; i++) words[i] = view.getInt32(place + 4 * i);
    for (let i = 16; i < 64; i++) {
      const early = words[i - 15];
      const late = words[i - 2];
      const one = turned(early, 7) ^ turned(early, 18) ^ (early >>> 3);
      const other = turned(late, 17) ^ turned(late, 19) ^ (late >>> 10);
      words[i] = words[i - 16] + one + words[i - 7] + other;
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i++) {
      const upper = turned(e, 6) ^ turned(e, 11) ^ turned(e, 25);
      const first = (h + upper + ((e & f) ^ (~e & g)) + ROUNDS[i] + words[i]) | 0;
      const lower = turned(a, 2) ^ turned(a, 13) ^ turned(a, 22);
      const second = (lower + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + first) | 0;
      d = c;
      c = b;
      b = a;
      a = (first + second) | 0;
    }
    [a, b, c, d, e, f, g, h].forEach((word, i) => { state[i] += word; });
  }
}

/** @param {number} word @param {number} by */
function turned(word, by) {
  return (word >>> by) | (word << (32 - by));
}

/** @param {number} root */
function fraction(root) {
  return Math.floor((root % 1) * 2 ** 32) | 0;
}

/** @param {Uint8Array} bytes */
function hexadecimal(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
