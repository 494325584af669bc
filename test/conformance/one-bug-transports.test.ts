import { describe, expect, it } from "vitest";
import type { Broker } from "../../src/core/broker/broker.ts";
import { ChannelError } from "../../src/core/errors.ts";
import type { ProcessSpec, StartAt } from "../../src/core/broker/views.ts";
import type { Outcome } from "../../src/core/process-record.ts";
import {
  BrokerTransport,
  SuiteFailure,
  transportSuite,
  type TransportClient,
  type TransportInput,
  type TransportItem,
} from "../../src/testing/index.ts";
import { createWorld } from "../broker-world.ts";

type Items = AsyncGenerator<TransportItem, void, undefined>;

/** What a transport with a bug makes of what the broker delivers; undefined leaves something out. */
type Bug = (item: TransportItem, index: number) => TransportItem | undefined;

const decoder = new TextDecoder();
const encoder = new TextEncoder();

const bugs: Readonly<Record<string, Bug>> = {
  "loses an entry": (item, index) => (index === 3 ? undefined : item),
  "swallows gaps": (item) => (item.kind === "gap" ? undefined : item),
  "forgets the outcome": (item) => (item.kind === "end" ? { ...item, outcome: undefined } : item),
  "takes payloads for text": (item) =>
    item.kind === "entry"
      ? {
          ...item,
          entry: { ...item.entry, payload: encoder.encode(decoder.decode(item.entry.payload)) },
        }
      : item,
  "has cursors that are one behind": (item) =>
    item.kind === "entry"
      ? { ...item, cursor: { ...item.cursor, position: item.cursor.position - 1 } }
      : item,
};

class OneBugTransport implements TransportClient {
  readonly #inner: BrokerTransport;
  readonly #bug: Bug;
  readonly #hidesRefusals: boolean;

  constructor(broker: Broker, identity: string, bug: Bug, hidesRefusals: boolean) {
    this.#inner = new BrokerTransport(broker, identity);
    this.#bug = bug;
    this.#hidesRefusals = hidesRefusals;
  }

  createProcess(spec: ProcessSpec): Promise<void> {
    return this.#inner.createProcess(spec);
  }

  closeProcess(processId: string, outcome: Outcome): Promise<void> {
    return this.#inner.closeProcess(processId, outcome);
  }

  async send(
    processId: string,
    channel: string,
    inputs: readonly TransportInput[],
  ): Promise<readonly number[]> {
    try {
      return await this.#inner.send(processId, channel, inputs);
    } catch (error) {
      if (this.#hidesRefusals) throw new ChannelError("internal_error", {}, { cause: error });
      throw error;
    }
  }

  async *read(processId: string, channel: string, after: StartAt): Items {
    let index = 0;
    for await (const item of this.#inner.read(processId, channel, after)) {
      const shown = this.#bug(item, index++);
      if (shown !== undefined) yield shown;
    }
  }
}

/** Names of the cases that fail. */
async function failuresOf(bug: Bug, hidesRefusals = false): Promise<string[]> {
  const cases: { readonly name: string; readonly body: () => Promise<void> }[] = [];
  transportSuite(
    { describe: (_name, body) => body(), it: (name, body) => cases.push({ name, body }) },
    {
      createWorld: () => {
        const { broker } = createWorld();
        return Promise.resolve({
          broker,
          connect: (identity) => new OneBugTransport(broker, identity, bug, hidesRefusals),
          [Symbol.asyncDispose]: () => broker.close(),
        });
      },
    },
  );
  const failures: string[] = [];
  for (const { name, body } of cases)
    await body().catch((error: unknown) => {
      expect(error).toBeInstanceOf(SuiteFailure);
      failures.push(name);
    });
  return failures;
}

describe("transport suite", () => {
  it("passes a transport without a bug", async () => {
    expect(await failuresOf((item) => item)).toEqual([]);
  });

  it.each(Object.entries(bugs))("catches a transport that %s", async (_name, bug) => {
    expect(await failuresOf(bug)).not.toEqual([]);
  });

  it("catches a transport that hides why it refuses", async () => {
    expect(await failuresOf((item) => item, true)).not.toEqual([]);
  });
});
