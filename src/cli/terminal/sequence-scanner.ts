import type { PayloadEnd } from "../run/chunk-assembler.ts";

type State = "ground" | "character" | "escape" | "intermediate" | "control" | "string" | "osc";

const escapeByte = 0x1b;

/**
 * Where a stream of a terminal may be cut: outside of escape sequences, of the strings that they carry, and
 * of characters. Knows no more of them than where they end, by the rules that terminals have: a control
 * character acts within a sequence, CAN and SUB end it, and ESC begins the next one.
 */
export class SequenceScanner {
  #state: State = "ground";
  /** Bytes that a character still lacks. */
  #missing = 0;
  #isControlLead = false;

  /** Whether the stream may be cut after what was scanned. */
  get isAtBoundary(): boolean {
    return this.#state === "ground";
  }

  /** How many of these bytes come before the last place where the stream may be cut; 0 is the place before all. */
  scan(bytes: Uint8Array): number {
    let boundary = 0;
    for (let index = 0; index < bytes.byteLength; index++) {
      const byte = bytes[index] ?? 0;
      const isPlain = this.#state === "ground" && byte < 0x80 && byte !== escapeByte;
      if (!isPlain) this.#state = this.#next(byte);
      if (this.#state === "ground") boundary = index + 1;
    }
    return boundary;
  }

  copy(): SequenceScanner {
    const copy = new SequenceScanner();
    copy.#state = this.#state;
    copy.#missing = this.#missing;
    copy.#isControlLead = this.#isControlLead;
    return copy;
  }

  #next(byte: number): State {
    if (byte === escapeByte) return "escape";
    if (this.#state === "character") return this.#continueCharacter(byte);
    if (this.#state === "ground") return this.#begin(byte);
    // CAN and SUB.
    if (byte === 0x18 || byte === 0x1a) return "ground";
    return this.#nextInSequence(byte);
  }

  #nextInSequence(byte: number): State {
    switch (this.#state) {
      case "escape":
        if (byte === 0x5b) return "control";
        if (byte === 0x5d) return "osc";
        // DCS, SOS, PM, APC.
        if (byte === 0x50 || byte === 0x58 || byte === 0x5e || byte === 0x5f) return "string";
        if (byte >= 0x20 && byte <= 0x2f) return "intermediate";
        return this.#endOrStay(byte, 0x30);
      case "intermediate":
        return this.#endOrStay(byte, 0x30);
      case "control":
        return this.#endOrStay(byte, 0x40);
      case "osc":
        return byte === 0x07 ? "ground" : "osc";
      default:
        return this.#state;
    }
  }

  /** A sequence ends with its final byte. What is no ASCII ends it too, and begins a character. */
  #endOrStay(byte: number, finalMin: number): State {
    if (byte >= 0x80) return this.#begin(byte);
    return byte >= finalMin && byte !== 0x7f ? "ground" : this.#state;
  }

  #begin(byte: number): State {
    this.#missing = byte < 0xc2 || byte > 0xf4 ? 0 : byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    this.#isControlLead = byte === 0xc2;
    return this.#missing === 0 ? "ground" : "character";
  }

  #continueCharacter(byte: number): State {
    // Broken off: this byte begins something of its own.
    if ((byte & 0xc0) !== 0x80) return this.#begin(byte);
    this.#missing -= 1;
    if (this.#missing > 0) return "character";
    return this.#isControlLead ? stateOfControl(byte) : "ground";
  }
}

/** What U+0080 to U+009F begin: CSI, OSC, and the strings; written as characters, of two bytes. */
function stateOfControl(code: number): State {
  if (code === 0x9b) return "control";
  if (code === 0x9d) return "osc";
  return code === 0x90 || code === 0x98 || code === 0x9e || code === 0x9f ? "string" : "ground";
}

/** Payloads that end outside of sequences and characters, as far as their size allows. */
export function createSequenceEnd(): PayloadEnd {
  const scanner = new SequenceScanner();
  return {
    heldBytes: (payload) => payload.byteLength - scanner.copy().scan(payload),
    passed: (payload) => void scanner.scan(payload),
  };
}
