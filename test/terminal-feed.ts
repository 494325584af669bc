import { encodeGapEntry, gapEntryType } from "../src/protocol/index.ts";
import {
  decodeViewer,
  encodeTerminalEntry,
  keyboardEntryType,
  sizeEntryType,
  snapshotEntryType,
  viewerEntryType,
  type TerminalSize,
  type TerminalViewer,
} from "../src/protocol/terminal-entries.ts";
import { Jobwire, type ProcessHandle } from "../src/client/index.ts";
import { WebSocket } from "ws";

const channels = [
  { name: "tty", whenFull: "trim" },
  { name: "tty-snapshot", whenFull: "trim", maxLogEntries: 2 },
  { name: "stdin" },
  { name: "control", whenFull: "trim" },
] as const;

/** A process with the channels of a terminal, written by hand. */
export class TerminalFeed {
  readonly id: string;
  readonly #wire: Jobwire;
  readonly #process: ProcessHandle;

  private constructor(wire: Jobwire, id: string) {
    this.#wire = wire;
    this.#process = wire.process(id);
    this.id = id;
  }

  static async create(
    server: { readonly url: string; token(): Promise<string> },
    id: string,
    size: TerminalSize,
    { logEntriesMax }: { readonly logEntriesMax?: number } = {},
  ): Promise<TerminalFeed> {
    const webSocket = WebSocket as unknown as typeof globalThis.WebSocket;
    const wire = new Jobwire({ url: server.url, token: () => server.token(), webSocket });
    const specs = channels.map((spec) =>
      spec.name === "tty" && logEntriesMax !== undefined
        ? { ...spec, maxLogEntries: logEntriesMax }
        : spec,
    );
    await wire.createProcess({ id, channels: specs });
    const feed = new TerminalFeed(wire, id);
    await feed.resize(size);
    return feed;
  }

  /** Its position. */
  async write(output: string | Uint8Array): Promise<number> {
    return (await this.#process.channel("tty").send(output)).position;
  }

  async resize(size: TerminalSize): Promise<number> {
    const payload = encodeTerminalEntry(size);
    return (await this.#process.channel("tty").send(payload, { type: sizeEntryType })).position;
  }

  async gap(bytes: number): Promise<number> {
    const payload = encodeGapEntry({ bytes, reason: "dropped" });
    return (await this.#process.channel("tty").send(payload, { type: gapEntryType })).position;
  }

  async snapshot(position: number, size: TerminalSize, screen: string): Promise<void> {
    const payload = encodeTerminalEntry({ position, screen, ...size });
    await this.#process.channel("tty-snapshot").send(payload, { type: snapshotEntryType });
  }

  async keyboard(viewer: string | null): Promise<void> {
    const payload = encodeTerminalEntry({ viewer });
    await this.#process.channel("control").send(payload, { type: keyboardEntryType });
  }

  /** What was typed, once there is so much of it. */
  async typed(bytes: number): Promise<string> {
    let typed = Buffer.alloc(0);
    for await (const { type, payload } of this.#process.channel("stdin").entries()) {
      if (type === "data") typed = Buffer.concat([typed, payload]);
      if (typed.byteLength >= bytes) break;
    }
    return typed.toString();
  }

  /** What viewers tell, from the beginning on. */
  async *viewers(): AsyncGenerator<TerminalViewer, void, undefined> {
    for await (const { type, payload } of this.#process.channel("control").entries()) {
      const viewer = type === viewerEntryType ? decodeViewer(payload) : undefined;
      if (viewer !== undefined) yield viewer;
    }
  }

  async close(exitCode = 0): Promise<void> {
    await this.#process.close(
      exitCode === 0
        ? { status: "success", exitCode }
        : { status: "failed", error: `exit code ${exitCode}`, exitCode },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#wire.close();
  }
}
