import type { Jobwire, Channel } from "../../src/client/index.ts";
import type { ChannelEntry, EntriesOptions } from "../../src/client/index.ts";
import type { Outcome } from "../../src/core/process-record.ts";
import type { ProcessSpec, StartAt } from "../../src/core/broker/views.ts";
import { decodeCursor, encodeCursor } from "../../src/protocol/index.ts";
import type { TransportClient, TransportInput, TransportItem } from "../../src/testing/index.ts";

/** The client library as a transport. */
export class ClientTransport implements TransportClient {
  readonly #wire: Jobwire;

  constructor(wire: Jobwire) {
    this.#wire = wire;
  }

  async createProcess(spec: ProcessSpec): Promise<void> {
    await this.#wire.createProcess(spec);
  }

  async closeProcess(processId: string, outcome: Outcome): Promise<void> {
    await this.#wire.process(processId).close(outcome);
  }

  async send(
    processId: string,
    name: string,
    inputs: readonly TransportInput[],
  ): Promise<readonly number[]> {
    const channel = this.#channel(processId, name);
    const sent = inputs.map(({ payload, ...options }) => channel.send(payload, options));
    return (await Promise.all(sent)).map(({ position }) => position);
  }

  async *read(
    processId: string,
    name: string,
    after: StartAt,
  ): AsyncGenerator<TransportItem, void, undefined> {
    const gaps: TransportItem[] = [];
    const entries = this.#channel(processId, name).entries({
      ...startOf(after),
      onGap: ({ reason, first, cursor }) =>
        gaps.push({ kind: "gap", reason, first, cursor: decodeCursor(cursor) }),
    });
    for await (const entry of entries) {
      yield* gaps.splice(0);
      yield createItem(entry);
    }
    yield* gaps.splice(0);
    yield { kind: "end", outcome: entries.outcome };
  }

  #channel(processId: string, name: string): Channel {
    return this.#wire.process(processId).channel(name);
  }
}

function startOf(after: StartAt): EntriesOptions {
  if (after === "start" || after === "now") return { from: after };
  if (typeof after === "number") return { after };
  return "last" in after ? { from: after } : { after: encodeCursor(after) };
}

function createItem({ cursor, ...entry }: ChannelEntry): TransportItem {
  return { kind: "entry", entry, cursor: decodeCursor(cursor) };
}
