import type { Broker } from "../core/broker/broker.ts";
import type { Cursor, Gap, ProcessSpec, StartAt } from "../core/broker/views.ts";
import type { MsgEntry, MsgType } from "../core/entry.ts";
import type { Outcome } from "../core/process-record.ts";
import type { SuiteRunner } from "./store-suite.ts";
import { transportCases } from "./transport-suite-cases.ts";

export interface TransportInput {
  readonly payload: Uint8Array;
  readonly type?: MsgType;
  readonly replyTo?: number;
  readonly inReplyTo?: number;
  readonly error?: string;
}

export type TransportItem =
  | { readonly kind: "entry"; readonly entry: MsgEntry; readonly cursor: Cursor }
  | ({ readonly kind: "gap" } & Gap)
  | { readonly kind: "end"; readonly outcome: Outcome | undefined };

/** One identity at the far end of a transport. Refusals are the broker's own `ChannelError`s. */
export interface TransportClient {
  createProcess(spec: ProcessSpec): Promise<void>;
  closeProcess(processId: string, outcome: Outcome): Promise<void>;
  /** Adds in this order, after what was sent before; resolves with the positions. */
  send(
    processId: string,
    channel: string,
    inputs: readonly TransportInput[],
  ): Promise<readonly number[]>;
  /** Until the end, which is the last item. Whoever iterates no further has left. */
  read(processId: string, channel: string, after: StartAt): AsyncIterable<TransportItem>;
}

export interface TransportWorld extends AsyncDisposable {
  /** At the near end: what it delivers itself is what the transport has to deliver. */
  readonly broker: Broker;
  connect(identity: string): TransportClient;
  /** Every line breaks, and new ones are good. Absent where nothing can break. */
  breakLines?(): void;
}

export interface TransportSuiteOptions {
  /** An empty broker and a transport to it, for one case. */
  readonly createWorld: () => Promise<TransportWorld>;
}

/**
 * What every way to a broker has to deliver, as cases for any test framework: the same entries, gaps and ends as
 * the broker itself, byte for byte and in the same order.
 */
export function transportSuite(
  { describe, it }: SuiteRunner,
  { createWorld }: TransportSuiteOptions,
): void {
  describe("transport suite", () => {
    for (const [name, run] of Object.entries(transportCases)) {
      it(name, async () => {
        await using world = await createWorld();
        await run(world);
      });
    }
  });
}
