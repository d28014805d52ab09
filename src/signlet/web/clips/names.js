// Names of signs and signers: one printable line each, as signlet.text.names in Python.

const [MOST, MOST_BYTES] = [100, 240]; // characters, and bytes: a folder can still be called so
const BLANKS = " \\t\\n\\v\\f\\r\\u00a0\\u1680\\u2000-\\u200a\\u202f\\u205f\\u3000";
const AROUND = new RegExp(`^[${BLANKS}]+|[${BLANKS}]+$`, "gu");
// Controls; separators of lines, turns of direction; what is not seen; halves of a character.
// eslint-disable-next-line no-control-regex -- they are what is looked for
const REFUSED = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\u00ad\u180e\u200b\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e007f}\ud800-\udfff]/u;
// eslint-disable-next-line no-misleading-character-class -- each stands for itself
const SHOWS = /[^\s\u034f\u115f\u1160\u17b4\u17b5\u200c\u200d\u2800\u3164\ufe00-\ufe0f\uffa0\u{e0100}-\u{e01ef}]/u;

/**
 * A name in its one form: Unicode NFC, no blanks around it; "" where nothing is left.
 * what: begins the error, such as "The name of the sign".
 * Throws an Error of one line where it is no single printable line, or too long.
 * @param {string} text @param {string} what
 */
export function oneLine(text, what) {
  if (text.length > 10 * MOST_BYTES) throw new Error(tooLong(what)); // searching it would take long
  const name = text.normalize("NFC").replace(AROUND, "");
  const refused = REFUSED.exec(name)?.[0].codePointAt(0);
  if (refused !== undefined) {
    const code = refused.toString(16).toUpperCase().padStart(4, "0");
    throw new Error(`${what} is not one printable line: it holds U+${code}. Take that out of it.`);
  }
  if ([...name].length > MOST || new TextEncoder().encode(name).length > MOST_BYTES) {
    throw new Error(tooLong(what));
  }
  return name;
}

/** @param {string} what */
function tooLong(what) {
  return `${what} is longer than ${MOST} characters, or than ${MOST_BYTES} bytes. Shorten it.`;
}

const LONGEST = [200, 600, 1500]; // characters: shown of a long word, of one that is none, of a message
const UNPRINTED = new RegExp(REFUSED, "gu");

/**
 * The text of an error or a remark as one printable line that is not too long, whatever the names in it hold.
 * @param {string} text
 */
export function inAMessage(text) {
  const line = text.replace(/(?:\r\n|[ \n\t])+/g, " ").replace(/^ | $/g, "");
  const words = line.split(" ").map((word) => (word.length > LONGEST[1] ? shortWord(word) : word));
  return shortened(words.join(" ").replace(UNPRINTED, escaped), LONGEST[2]);
}

/** @param {string} word */
function shortWord(word) {
  let end = word.length;
  while (":;,".includes(word[end - 1])) end--;
  return shortened(word.slice(0, end), LONGEST[0]) + word.slice(end);
}

/** @param {string} text @param {number} most */
function shortened(text, most) {
  if (text.length <= most) return text;
  return `${text.slice(0, most / 2)}…${text.slice(-most / 2)}, ${text.length.toLocaleString("en")} characters`;
}

/** @param {string} letter */
function escaped(letter) {
  const code = Number(letter.codePointAt(0)).toString(16);
  if (letter === "\r") return "\\r";
  if (code.length <= 2) return `\\x${code.padStart(2, "0")}`;
  return code.length <= 4 ? `\\u${code.padStart(4, "0")}` : `\\U${code.padStart(8, "0")}`;
}

/** Whether anything of a name is seen. @param {string} name */
export function shows(name) {
  return SHOWS.test(name);
}

/**
 * Whether a text is a sign's name as a card may hold it.
 * @param {unknown} text
 */
export function isName(text) {
  try {
    return typeof text === "string" && shows(oneLine(text, ""));
  } catch {
    return false;
  }
}
