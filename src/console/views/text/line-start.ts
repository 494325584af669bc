const lineFeed = 0x0a;
const searchedBytes = 64 * 1024;

/** Where the first whole line begins in bytes that may begin within one; else the first whole character. */
export function skipToLine(bytes: Uint8Array): number {
  const next = bytes.subarray(0, searchedBytes).indexOf(lineFeed);
  // A line feed at the very end begins nothing of these bytes.
  if (next >= 0 && next + 1 < bytes.length) return next + 1;
  let offset = 0;
  while (offset < 3 && ((bytes[offset] ?? 0) & 0xc0) === 0x80) offset++;
  return offset;
}
