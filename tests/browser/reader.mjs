// What does an app of somebody else read from a QR code on the screen? ISO/IEC 18004, as far as clean pictures need it:
// nothing is corrected, so a module that is drawn wrong makes the text wrong.

/** Blocks of error correction level M by version: [codewords of data, how many such blocks], as in table 9. */
const BLOCKS = [
  [[16, 1]], [[28, 1]], [[44, 1]], [[32, 2]], [[43, 2]], [[27, 4]], [[31, 4]],
  [[38, 2], [39, 2]], [[36, 3], [37, 2]], [[43, 4], [44, 1]],
];
/** Centres of the alignment patterns by version, annex E. */
const CENTRES = [[], [6, 18], [6, 22], [6, 26], [6, 30], [6, 34], [6, 22, 38], [6, 24, 42], [6, 26, 46], [6, 28, 50]];
const MASKS = [
  (x, y) => (x + y) % 2,
  (x, y) => y % 2,
  (x) => x % 3,
  (x, y) => (x + y) % 3,
  (x, y) => (Math.floor(y / 2) + Math.floor(x / 3)) % 2,
  (x, y) => ((x * y) % 2) + ((x * y) % 3),
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2,
];
const ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

/** The text of the QR code in an element of a page, from a picture of it. */
export async function read(element) {
  const picture = await element.screenshot({ animations: "disabled" });
  const blank = await element.page().context().newPage();
  const { width, dark } = await blank.evaluate(pixels, picture.toString("base64"));
  await blank.close();
  const modules = sampled(width, dark);
  return text(codewords(modules));
}

/** Which pixels of a picture are dark; the browser knows how a PNG is written. */
async function pixels(base64) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
  canvas.drawImage(bitmap, 0, 0);
  const { data } = canvas.getImageData(0, 0, bitmap.width, bitmap.height);
  return { width: bitmap.width, dark: Array.from({ length: data.length / 4 }, (_, i) => (data[4 * i] < 100 ? 1 : 0)) };
}

/** The modules, row by row. The symbol begins with the seven dark modules of its first finder. */
function sampled(width, dark) {
  const height = dark.length / width;
  // The frame around the symbol is no part of it: the quiet zone lies between.
  const row = (y) => dark.slice(y * width + 12, (y + 1) * width - 12);
  const top = [...Array(height).keys()].find((y) => y > 12 && row(y).includes(1));
  const left = row(top).indexOf(1) + 12;
  const right = row(top).lastIndexOf(1) + 12;
  const run = row(top).slice(left - 12).indexOf(0);
  const size = Math.round((right - left + 1) / (run / 7));
  const step = (right - left + 1) / size;
  const at = (x, y) => dark[Math.floor(top + (y + 0.5) * step) * width + Math.floor(left + (x + 0.5) * step)];
  return Array.from({ length: size }, (_, y) => Array.from({ length: size }, (_, x) => at(x, y)));
}

/** Whether a module belongs to a pattern, and not to the data. */
function patterned(size, version) {
  const centres = CENTRES[version - 1];
  const last = centres.length - 1;
  const corner = (i, j) => (i === 0 && j === 0) || (i === 0 && j === last) || (i === last && j === 0);
  return (x, y) => {
    if (x === 6 || y === 6) return true;
    if ((x < 9 && y < 9) || (x < 9 && y >= size - 8) || (x >= size - 8 && y < 9)) return true;
    if (version >= 7 && ((x < 6 && y >= size - 11) || (y < 6 && x >= size - 11))) return true;
    const near = (cx, cy) => Math.abs(x - cx) <= 2 && Math.abs(y - cy) <= 2;
    return centres.some((cx, i) => centres.some((cy, j) => !corner(i, j) && near(cx, cy)));
  };
}

/** The codewords of data, in their order. */
function codewords(modules) {
  const size = modules.length;
  const version = (size - 17) / 4;
  const format = [0, 1, 2, 3, 4, 5, 7, 8].map((x) => modules[8][x]);
  if (format[0] ^ 1 || format[1]) throw new Error("the symbol is not of level M");
  const mask = MASKS[((format[2] << 2) | (format[3] << 1) | format[4]) ^ 0b101];
  const isPattern = patterned(size, version);
  const bits = [];
  for (let right = size - 1, up = true; right > 0; right -= 2, up = !up) {
    if (right === 6) right -= 1;
    for (let i = 0; i < size; i += 1) {
      const y = up ? size - 1 - i : i;
      for (const x of [right, right - 1]) {
        if (!isPattern(x, y)) bits.push(modules[y][x] ^ (mask(x, y) === 0 ? 1 : 0));
      }
    }
  }
  const words = bits.join("").match(/.{8}/g);
  const blocks = BLOCKS[version - 1].flatMap(([length, count]) => Array.from({ length: count }, () => ({ length, words: [] })));
  const longest = Math.max(...blocks.map(({ length }) => length));
  for (let i = 0; i < longest; i += 1) {
    for (const block of blocks) if (i < block.length) block.words.push(words.shift());
  }
  return blocks.flatMap((block) => block.words).join("");
}

/** The text of the segments: digits, capitals, bytes. Versions below 10 have short counts. */
function text(bits) {
  let at = 0;
  const take = (length) => parseInt(bits.slice(at, (at += length)), 2);
  const bytes = [];
  const say = (letters) => bytes.push(...Buffer.from(letters));
  for (;;) {
    const mode = bits.length - at < 4 ? 0 : take(4);
    if (mode === 0) return Buffer.from(bytes).toString();
    if (![1, 2, 4].includes(mode)) throw new Error(`a segment of mode ${mode}`);
    let left = take({ 1: 10, 2: 9, 4: 8 }[mode]);
    for (; mode === 1 && left > 0; left -= 3) {
      const digits = Math.min(left, 3);
      say(String(take([0, 4, 7, 10][digits])).padStart(digits, "0"));
    }
    for (; mode === 2 && left > 1; left -= 2) {
      const pair = take(11);
      say(ALPHANUMERIC[Math.floor(pair / 45)] + ALPHANUMERIC[pair % 45]);
    }
    if (mode === 2 && left === 1) say(ALPHANUMERIC[take(6)]);
    for (; mode === 4 && left > 0; left -= 1) bytes.push(take(8));
  }
}
