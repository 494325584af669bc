import { setTimeout as delay } from "node:timers/promises";
import { WebSocket } from "ws";
import type {
  Channel,
  ChannelEntry,
  Jobwire,
  JobwireOptions,
  Outcome,
} from "../../src/client/index.ts";
import { clientSystem } from "../../src/client/system.ts";
import type { System } from "../../src/core/system.ts";
import { decodeCursor } from "../../src/protocol/index.ts";
import { SuiteFailure } from "../../src/testing/assertion.ts";
import { signToken } from "../server-world.ts";
import { payloadOf } from "./process-life.ts";
import type { TortureWorld } from "./torture-world.ts";

const fillBytesMax = 400;
const workMsMax = 4;

class JsonWebSocket extends WebSocket {
  constructor(url: string) {
    super(url, ["jobwire.v1.json"]);
  }
}

/** Time that passes faster, so that a client notices soon what is silent. */
function hasten(factor: number): System {
  const { clock, randomId } = clientSystem;
  return {
    clock: {
      now: () => clock.now(),
      monotonicMs: () => clock.monotonicMs() * factor,
      after: (ms, callback) => clock.after(ms / factor, callback),
    },
    randomId,
  };
}

/** Each way to the server, all of them impatient. */
export const tortureTransports: Readonly<Record<string, Partial<JobwireOptions>>> = {
  auto: { transport: "auto", webSocketRetryMs: 5_000, system: hasten(8) },
  "binary WebSocket": { transport: "websocket", system: hasten(8) },
  "JSON WebSocket": { transport: "websocket", webSocket: JsonWebSocket, system: hasten(8) },
  events: { transport: "sse", system: hasten(15) },
  polls: { transport: "poll", system: hasten(15) },
};

export function tortureOptions(
  { line }: TortureWorld,
  transport: Partial<JobwireOptions>,
): JobwireOptions {
  return {
    url: `http://127.0.0.1:${line.port}`,
    token: () => signToken("sub"),
    patienceMs: 3_600_000,
    closeTimeoutMs: 1_000,
    ...transport,
  };
}

/** Sends as fast as it likes, and knows of each entry what became of it. */
export class TortureSender {
  readonly name: string;
  /** Epoch in which each entry was acknowledged. */
  readonly acknowledged = new Map<string, number>();
  lossCount = 0;
  sentCount = 0;
  readonly #world: TortureWorld;
  readonly #channel: Channel;
  readonly #random: (below: number) => number;

  constructor(
    name: string,
    { world, channel }: { readonly world: TortureWorld; readonly channel: Channel },
    random: (below: number) => number,
  ) {
    this.name = name;
    this.#world = world;
    this.#channel = channel;
    this.#random = random;
  }

  /** Sends so many, and the last one once nothing more happens to the server. */
  async run(count: number, isQuiet: Promise<unknown>): Promise<void> {
    const settled: Promise<void>[] = [];
    while (this.sentCount < count - 1) {
      const sent = this.#send();
      // Heard below; where the round has failed by then, nobody listens.
      sent.catch(() => undefined);
      settled.push(sent);
      if (this.#random(6) === 0) await sent;
    }
    await Promise.all(settled);
    await isQuiet;
    await this.#send();
  }

  toString(): string {
    return `${this.name}: ${this.acknowledged.size} of ${this.sentCount} acknowledged`;
  }

  async #send(): Promise<void> {
    const call = `${this.name}.${++this.sentCount}`;
    const { name } = this;
    this.#world.observe({
      kind: "appendSent",
      call,
      contents: [call],
      client: name,
      producer: name,
    });
    const { position } = await this.#channel.send(payloadOf(call, this.#random(fillBytesMax)));
    this.#world.observe({ kind: "appendAcknowledged", call, positions: [position] });
    this.acknowledged.set(call, this.#world.epoch);
    this.#world.noteAck();
  }
}

/** Reads from the start to the end, at its own pace. */
export class TortureReader {
  readonly name: string;
  /** Since the last gap. */
  seen: string[] = [];
  readonly gaps: string[] = [];
  outcome: Outcome | undefined;
  readonly #world: TortureWorld;
  readonly #random: (below: number) => number;
  #position = 0;

  constructor(name: string, world: TortureWorld, random: (below: number) => number) {
    this.name = name;
    this.#world = world;
    this.#random = random;
  }

  toString(): string {
    return `${this.name}: ${this.seen.length} read, ${this.gaps.length} gaps`;
  }

  async run(channel: Channel): Promise<void> {
    const entries = channel.entries({ onGap: ({ reason }) => this.#takeGap(reason) });
    for await (const entry of entries) {
      this.#take(entry);
      // Work of its own, during which lines break.
      if (this.#random(8) === 0) await delay(this.#random(workMsMax));
    }
    this.outcome = entries.outcome;
  }

  #takeGap(reason: string): void {
    this.gaps.push(reason);
    this.seen = [];
    this.#position = 0;
  }

  #take({ position, payload, cursor }: ChannelEntry): void {
    const content = contentOf(payload);
    const epoch = this.#world.epochOf(decodeCursor(cursor).epoch);
    this.#world.observe(
      {
        kind: "readAnswered",
        client: this.name,
        after: this.#position,
        entries: [{ position, content }],
        isEnd: false,
      },
      epoch,
    );
    this.#position = position;
    this.seen.push(content);
  }
}

/** The name of an entry, if it is whole. */
export function contentOf(payload: Uint8Array): string {
  const text = new TextDecoder().decode(payload);
  const [name = "", fillBytes = ""] = text.split(":");
  if (payloadOf(name, Number(fillBytes)) !== text) throw new SuiteFailure(`half of ${name}`);
  return name;
}

/** Closed whatever is still under way. */
export async function closeAll(wires: readonly Jobwire[]): Promise<void> {
  await Promise.all(wires.map((wire) => wire.close().catch(() => undefined)));
}
