import { invalidArgument } from "../core/errors.ts";

// RFC 4648 §4, with padding.
const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const letterCodes = new TextEncoder().encode(letters);
const values = new Uint8Array(256).fill(255);
for (const [value, code] of letterCodes.entries()) values[code] = value;

const padding = 61; // "="
const ascii = new TextDecoder("latin1");

interface FastBuffer {
  from(
    source: ArrayBufferLike,
    offset: number,
    length: number,
  ): { toString(encoding: "base64"): string };
  from(source: string, encoding: "base64"): Uint8Array;
}

// Node's own codec is several times faster; a browser does without.
const { Buffer: fast } = globalThis as { readonly Buffer?: FastBuffer };

export function encodeBase64(bytes: Uint8Array): string {
  if (fast !== undefined)
    return fast.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
  return encodeBase64Portably(bytes);
}

export function encodeBase64Portably(bytes: Uint8Array): string {
  const out = new Uint8Array(Math.ceil(bytes.byteLength / 3) * 4).fill(padding);
  let at = 0;
  for (let i = 0; i < bytes.byteLength; i += 3) {
    const left = bytes.byteLength - i;
    const group = ((bytes[i] as number) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    out[at++] = letterCodes[group >> 18] as number;
    out[at++] = letterCodes[(group >> 12) & 63] as number;
    if (left > 1) out[at] = letterCodes[(group >> 6) & 63] as number;
    at++;
    if (left > 2) out[at] = letterCodes[group & 63] as number;
    at++;
  }
  return ascii.decode(out);
}

/** Strict: anything but well-formed padded base64 throws `invalid_argument`. */
export function decodeBase64(text: string, argument = "payload"): Uint8Array {
  const isWhole = text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
  if (!isWhole) throw invalidArgument(argument, "base64 with padding (RFC 4648 §4)");
  if (fast !== undefined) {
    const bytes = fast.from(text, "base64");
    // A view of its own: small buffers share a pool, which an entry must not keep alive.
    return new Uint8Array(bytes);
  }
  return decodeBase64Portably(text);
}

export function decodeBase64Portably(text: string): Uint8Array {
  const padded = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const out = new Uint8Array((text.length / 4) * 3 - padded);
  let at = 0;
  for (let i = 0; i < text.length; i += 4) {
    let group = 0;
    for (let j = 0; j < 4; j++) {
      const value = values[text.charCodeAt(i + j)] as number;
      group = (group << 6) | (value === 255 ? 0 : value);
    }
    if (at < out.length) out[at++] = group >> 16;
    if (at < out.length) out[at++] = (group >> 8) & 255;
    if (at < out.length) out[at++] = group & 255;
  }
  return out;
}
