import type { StoreFile } from "./store-directory.ts";

/** Writes all of the chunks, going on behind what a short write has taken. */
export async function writeFully(
  file: StoreFile,
  chunks: readonly Uint8Array[],
  position: number,
): Promise<void> {
  let rest = chunks;
  let at = position;
  for (;;) {
    const wanted = rest.reduce((sum, chunk) => sum + chunk.length, 0);
    const written = await file.write(rest, at);
    if (written === wanted) return;
    if (written <= 0) throw new Error(`${wanted} bytes were to be written, and none was`);
    at += written;
    rest = skip(rest, written);
  }
}

function skip(chunks: readonly Uint8Array[], count: number): readonly Uint8Array[] {
  let left = count;
  const rest: Uint8Array[] = [];
  for (const chunk of chunks) {
    if (left < chunk.length) rest.push(chunk.subarray(left));
    left = Math.max(0, left - chunk.length);
  }
  return rest;
}

/** All of a file's bytes from a position on, fewer where the file ends. */
export async function readFully(
  file: StoreFile,
  position: number,
  length: number,
): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const read = await file.read(bytes.subarray(filled), position + filled);
    if (read === 0) break;
    filled += read;
  }
  return bytes.subarray(0, filled);
}
