export interface SseEvent {
  readonly event?: string;
  readonly id?: string;
  readonly data: string;
}

const lineEnd = /\r\n|\r|\n/g;

/**
 * One event of a text/event-stream (WHATWG HTML §9.2). Every CR, LF or CRLF of the data becomes a line
 * of its own, so that no data can forge an event; readers get LF for each.
 */
export function encodeSseEvent({ event, id, data }: SseEvent): string {
  let text = "";
  if (event !== undefined) text += `event: ${requireOneLine(event)}\n`;
  if (id !== undefined) text += `id: ${requireOneLine(id)}\n`;
  return `${text}data: ${data.replace(lineEnd, "\ndata: ")}\n\n`;
}

/** A line that readers skip: keeps proxies from closing an idle stream. */
export function encodeSseComment(text: string): string {
  return `: ${requireOneLine(text)}\n\n`;
}

/** Milliseconds after which a client should come back once the connection is lost, without an event. */
export function encodeSseRetry(ms: number): string {
  return `retry: ${ms}\n\n`;
}

/** Sets the id that a reader comes back with, without an event. */
export function encodeSseId(id: string): string {
  return `id: ${requireOneLine(id)}\n\n`;
}

function requireOneLine(text: string): string {
  if (/[\r\n\0]/.test(text)) throw new TypeError("an SSE field must be one line");
  return text;
}

export interface ReceivedSseEvent {
  /** `message` where the stream names none. */
  readonly event: string;
  readonly data: string;
}

/** Reads a text/event-stream however it is cut. A CR at the very end waits for what follows it. */
export class SseParser {
  #rest = "";
  #event: string | undefined;
  #data: string[] = [];

  /** The events that end with this piece of the stream. One without data is none. */
  feed(text: string): ReceivedSseEvent[] {
    const whole = this.#rest + text;
    // A long line comes in many pieces, and is looked through once, not with each of them.
    const lines = /[\r\n]/.test(text) ? whole.split(/\r\n|\n|\r(?!$)/) : [whole];
    this.#rest = lines.pop() ?? "";
    return lines.flatMap((line) => this.#take(line));
  }

  #take(line: string): ReceivedSseEvent[] {
    if (line === "") return this.#dispatch();
    const [, name, value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (name === "data") this.#data.push(value);
    else if (name === "event") this.#event = value === "" ? undefined : value;
    return [];
  }

  #dispatch(): ReceivedSseEvent[] {
    const event = this.#event ?? "message";
    const data = this.#data;
    this.#event = undefined;
    this.#data = [];
    return data.length === 0 ? [] : [{ event, data: data.join("\n") }];
  }
}
