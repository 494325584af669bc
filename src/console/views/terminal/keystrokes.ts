import { isChannelError, type Channel } from "../../../client/index.ts";

// More than anybody types while a server is away; a paste that is larger is refused as a whole.
const waitingCharactersMax = 1024 * 1024;

export interface KeystrokesEvents {
  /** Why what was typed did not get there. */
  readonly onRefused: (reason: string) => void;
}

/**
 * Brings what is typed into a channel, once and in order. What gathers while one entry is under way is the
 * next one: single keys while it is quiet.
 */
export class Keystrokes {
  readonly #channel: Pick<Channel, "send">;
  readonly #events: KeystrokesEvents;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #isUnderWay = false;

  constructor(channel: Pick<Channel, "send">, events: KeystrokesEvents) {
    this.#channel = channel;
    this.#events = events;
  }

  type(bytes: Uint8Array): void {
    if (this.#waitingBytes + bytes.length > waitingCharactersMax)
      return this.#events.onRefused("too much input waits for the server");
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (!this.#isUnderWay) void this.#deliver();
  }

  async #deliver(): Promise<void> {
    this.#isUnderWay = true;
    try {
      while (this.#waiting.length > 0) {
        const payload = join(this.#waiting.splice(0));
        await this.#channel.send(payload);
        this.#waitingBytes -= payload.length;
      }
    } catch (error) {
      if (!isChannelError(error)) throw error;
      this.#waiting = [];
      this.#waitingBytes = 0;
      this.#events.onRefused(error.message);
    } finally {
      this.#isUnderWay = false;
    }
  }
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
