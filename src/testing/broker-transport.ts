import type { Broker } from "../core/broker/broker.ts";
import type { Caller } from "../core/broker/caller.ts";
import type { ProcessSpec, StartAt } from "../core/broker/views.ts";
import type { Outcome } from "../core/process-record.ts";
import { randomId } from "../core/system.ts";
import type { TransportClient, TransportInput, TransportItem } from "./transport-suite.ts";

const producerIdLength = 16;

/** A broker in the same program as a transport: what all others are compared with. */
export class BrokerTransport implements TransportClient {
  readonly #broker: Broker;
  readonly #caller: Caller;
  readonly #producer = randomId(producerIdLength);
  #lastSequence = 0;

  constructor(broker: Broker, identity: string) {
    this.#broker = broker;
    this.#caller = { identity, isAdmin: false };
  }

  async createProcess(spec: ProcessSpec): Promise<void> {
    await this.#broker.createProcess(this.#caller, spec);
  }

  async closeProcess(processId: string, outcome: Outcome): Promise<void> {
    await this.#broker.closeProcess(this.#caller, processId, outcome);
  }

  async send(
    processId: string,
    channel: string,
    inputs: readonly TransportInput[],
  ): Promise<readonly number[]> {
    const entries = inputs.map((input) => ({ ...input, sequence: ++this.#lastSequence }));
    const options = { producer: this.#producer };
    const ack = await this.#broker.append(this.#caller, processId, channel, entries, options);
    return ack.entries.map(({ position }) => position);
  }

  async *read(
    processId: string,
    channel: string,
    after: StartAt,
  ): AsyncGenerator<TransportItem, void, undefined> {
    const subscription = await this.#broker.subscribe(this.#caller, processId, channel, { after });
    try {
      for await (const item of subscription) {
        if (item.kind === "gap") yield item;
        else if (item.kind === "end") return yield { kind: "end", outcome: item.outcome };
        else
          for (const entry of item.entries) {
            const { epoch } = item.cursor;
            yield { kind: "entry", entry, cursor: { epoch, position: entry.position } };
          }
      }
    } finally {
      subscription.close();
    }
  }
}
