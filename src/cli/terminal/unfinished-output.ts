/** Of a sequence that has gone on for longer, only the beginning is kept: of what it says, the end does nothing. */
const unfinishedBytesMax = 4096;

const escape = 0x1b;
/** First byte, in UTF-8, of control characters that begin a sequence as ESC does … */
const controlLead = 0xc2;
/** … and their second ones: of DCS, SOS, CSI, OSC, PM and APC. */
const introducers: readonly number[] = [0x90, 0x98, 0x9b, 0x9d, 0x9e, 0x9f];

/** States of the terminal's parser up to this one are those of ESC and CSI, where controls are obeyed at once. */
const lastControlState = 6;

const nothing = new Uint8Array(0);

/** The beginning of a sequence whose end has not come yet. */
export class UnfinishedOutput {
  #bytes: Uint8Array = nothing;

  /** To be told of all that was parsed, and in which state the parser is after it. */
  parsed(chunk: Uint8Array, state: number): void {
    if (state === 0) {
      this.#bytes = nothing;
      return;
    }
    const start = lastIntroducer(chunk);
    const bytes = start < 0 ? join(this.#bytes, chunk) : chunk.slice(start);
    this.#bytes = (state > lastControlState ? bytes : bytes.filter(isNotObeyed)).slice(
      0,
      unfinishedBytesMax,
    );
  }

  /** What brings a parser at rest into the same state. */
  get text(): string {
    return new TextDecoder().decode(this.#bytes, { stream: true });
  }
}

/** Each begins anew, whatever it stands in. */
function lastIntroducer(chunk: Uint8Array): number {
  for (let index = chunk.length - 1; index >= 0; index--) {
    if (chunk[index] === escape) return index;
    if (chunk[index] === controlLead && introducers.includes(chunk[index + 1] ?? 0)) return index;
  }
  return -1;
}

function isNotObeyed(byte: number): boolean {
  return byte >= 0x20 || byte === escape;
}

function join(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
