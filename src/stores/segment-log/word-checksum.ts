/** The reversed polynomial of CRC-32, as in zlib. */
const polynomial = 0xedb88320;

/** What each byte of a word does to the checksum: of its first byte in the last table, of its last in the first. */
const tables: readonly [Int32Array, Int32Array, Int32Array, Int32Array] = [
  new Int32Array(256),
  new Int32Array(256),
  new Int32Array(256),
  new Int32Array(256),
];
for (let byte = 0; byte < 256; byte++) {
  let checksum = byte;
  for (let bit = 0; bit < 8; bit++)
    checksum = (checksum & 1) === 0 ? checksum >>> 1 : (checksum >>> 1) ^ polynomial;
  tables[0][byte] = checksum;
}
for (let byte = 0; byte < 256; byte++)
  for (let table = 1; table < tables.length; table++) {
    const before = (tables[table - 1] as Int32Array)[byte] as number;
    (tables[table] as Int32Array)[byte] = (before >>> 8) ^ (tables[0][before & 0xff] as number);
  }

/**
 * What `crc32` of zlib makes of so many whole words of four bytes. For a few dozen bytes the call into native
 * code, and the view that it needs of them, take several times as long as the sum.
 */
export function crc32OfWords(
  view: DataView,
  offset: number,
  wordCount: number,
  seed: number,
): number {
  const [fourth, third, second, first] = tables;
  let checksum = ~seed;
  for (let at = offset; at < offset + wordCount * 4; at += 4) {
    checksum ^= view.getInt32(at, true);
    checksum =
      (first[checksum & 0xff] as number) ^
      (second[(checksum >>> 8) & 0xff] as number) ^
      (third[(checksum >>> 16) & 0xff] as number) ^
      (fourth[checksum >>> 24] as number);
  }
  return ~checksum >>> 0;
}
