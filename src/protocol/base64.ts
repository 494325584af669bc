import { invalidArgument } from "../core/errors.ts";

// RFC 4648 §4, with padding.

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
    return fast.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");
  return encodeBase64Portably(bytes);
}

/** More arguments than this may be too many for one call. */
const lettersMax = 8_192;

export function encodeBase64Portably(bytes: Uint8Array): string {
  let binary = "";
  for (let at = 0; at < bytes.length; at += lettersMax)
    binary += String.fromCharCode(...bytes.subarray(at, at + lettersMax));
  return btoa(binary);
}

/** The text itself, if it is well-formed padded base64. Throws `invalid_argument`. */
export function requireBase64(text: string, argument = "payload"): string {
  if (text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text)) return text;
  throw invalidArgument(argument, "base64 with padding (RFC 4648 §4)");
}

/** Of base64: whoever is not believed is asked by `requireBase64`. */
export function decodeBase64(text: string): Uint8Array {
  if (fast !== undefined) {
    const bytes = fast.from(text, "base64");
    // A view of its own: small buffers share a pool, which an entry must not keep alive.
    return new Uint8Array(bytes);
  }
  return decodeBase64Portably(text);
}

export function decodeBase64Portably(text: string): Uint8Array {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}
