import { WebSocket } from "ws";
import {
  decodeSnapshot,
  encodeTerminalEntry,
  signalEntryType,
  snapshotEntryType,
  viewerEntryType,
  type TerminalSignalName,
  type TerminalSnapshot,
  type TerminalViewer,
} from "../src/protocol/terminal-entries.ts";
import { Jobwire, type ChannelEntry, type ProcessHandle } from "../src/client/index.ts";

/** Who looks at a program in a terminal, entry by entry. */
export class TerminalJob {
  readonly id: string;
  readonly #wire: Jobwire;
  readonly #process: ProcessHandle;

  constructor(server: { readonly url: string; token(): Promise<string> }, id: string) {
    const webSocket = WebSocket as unknown as typeof globalThis.WebSocket;
    this.#wire = new Jobwire({ url: server.url, token: () => server.token(), webSocket });
    this.#process = this.#wire.process(id);
    this.id = id;
  }

  /** Everything in the channel, up to its end or the first entry that satisfies. */
  async entries(
    channel: string,
    isLast: (entry: ChannelEntry) => boolean = () => false,
  ): Promise<ChannelEntry[]> {
    const entries: ChannelEntry[] = [];
    for await (const entry of this.#process.channel(channel).entries()) {
      entries.push(entry);
      if (isLast(entry)) break;
    }
    return entries;
  }

  /** What the program wrote, up to what matches, or to the end. */
  async written(pattern?: RegExp): Promise<string> {
    let text = "";
    await this.entries("tty", ({ type, payload }) => {
      if (type === "data") text += Buffer.from(payload).toString("latin1");
      return pattern?.test(text) === true;
    });
    return text;
  }

  /** All of them as they come, also those that do not stay. */
  async snapshots(): Promise<TerminalSnapshot[]> {
    const snapshots: TerminalSnapshot[] = [];
    for (const { type, payload } of await this.entries("tty-snapshot")) {
      const snapshot = type === snapshotEntryType ? decodeSnapshot(payload) : undefined;
      if (snapshot !== undefined) snapshots.push(snapshot);
    }
    return snapshots;
  }

  async look(viewer: TerminalViewer): Promise<void> {
    const payload = encodeTerminalEntry(viewer);
    await this.#process.channel("control").send(payload, { type: viewerEntryType });
  }

  async signal(signal: TerminalSignalName): Promise<void> {
    const payload = encodeTerminalEntry({ signal });
    await this.#process.channel("control").send(payload, { type: signalEntryType });
  }

  async type(keys: string): Promise<void> {
    await this.#process.channel("stdin").send(keys);
  }

  /** Under which this one types. */
  get producer(): string {
    return this.#process.channel("stdin").producerId;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#wire.close();
  }
}
