import type { StartAt } from "../core/broker/views.ts";
import { isChannelError } from "../core/errors.ts";
import { rejectionOf, requireEqual } from "./assertion.ts";
import { BrokerTransport } from "./broker-transport.ts";
import type {
  TransportClient,
  TransportInput,
  TransportItem,
  TransportWorld,
} from "./transport-suite.ts";

const submitter = "sub";
const executor = "exe";
const place = ["p", "out"] as const;
const outcome = { status: "failed", error: "as planned", exitCode: 7 } as const;
const largeBytes = 70_000;

type TransportCase = (world: TransportWorld) => Promise<void>;

/** Payloads that some encoding might change, and every field that an entry may have. */
const inputs: readonly TransportInput[] = [
  { payload: Uint8Array.from({ length: 256 }, (_, byte) => byte) },
  { payload: new Uint8Array(0) },
  { payload: bytesOf("grüße 🎈\r\n\n\rdata: x\r\n\r\nid: 7\u0000") },
  { payload: Uint8Array.from({ length: largeBytes }, (_, at) => (at * 31) % 251) },
  { payload: bytesOf("an answer"), replyTo: 1, inReplyTo: 3 },
  { payload: bytesOf("a kind of its own"), type: "app.kind" },
  { payload: bytesOf(""), type: "error", error: "brøken", replyTo: 2 },
  { payload: bytesOf("the end"), type: "end" },
];

export const transportCases: Readonly<Record<string, TransportCase>> = {
  "delivers what the broker does, byte for byte": async (world) => {
    const { sub, exe } = await open(world);
    requireEqual(
      await exe.send(...place, inputs),
      inputs.map((_, index) => index + 1),
      "positions",
    );
    await sub.send(...place, inputs);
    await exe.closeProcess("p", outcome);
    const read = await collect(sub.read(...place, "start"));
    requireEqual(show(read), show(await collectOf(world, "start")), "items");
    requireEqual(read.length, 2 * inputs.length + 1, "number of items");
  },
  "delivers what is there and what comes without hole or repeat": async (world) => {
    const { sub, exe } = await open(world);
    await exe.send(...place, numbered(0, 50));
    const reading = [0, 1, 2].map(() => collect(sub.read(...place, "start")));
    for (let first = 50; first < 200; first += 25) await exe.send(...place, numbered(first, 25));
    await exe.closeProcess("p", outcome);
    const expected = show(await collectOf(world, "start"));
    for (const read of reading) requireEqual(show(await read), expected, "items");
  },
  "keeps the order of sends that do not wait for each other": async (world) => {
    const { exe } = await open(world);
    const sent = numbered(0, 200).map((input) => exe.send(...place, [input]));
    const positions = (await Promise.all(sent)).flat();
    requireEqual(
      positions,
      positions.map((_, index) => index + 1),
      "positions",
    );
  },
  "goes on after the cursor of any entry": async (world) => {
    const { sub, exe } = await open(world);
    await exe.send(...place, numbered(0, 20));
    await exe.closeProcess("p", outcome);
    const all = await collect(sub.read(...place, "start"));
    for (const at of [0, 7, 19]) {
      const item = all[at];
      const after = item?.kind === "entry" ? item.cursor : "start";
      const rest = await collect(sub.read(...place, after));
      requireEqual(show(rest), show(all.slice(at + 1)), `items after ${at + 1}`);
    }
  },
  "begins at a position, and at the newest entries": async (world) => {
    const { sub, exe } = await open(world);
    await exe.send(...place, numbered(0, 10));
    await exe.closeProcess("p", outcome);
    for (const after of [4, { last: 3 }, "now"] as const)
      requireEqual(
        show(await collect(sub.read(...place, after))),
        show(await collectOf(world, after)),
        `items after ${JSON.stringify(after)}`,
      );
  },
  "tells a gap in its place, where the oldest went": async (world) => {
    const { sub, exe } = await open(world, { maxLogEntries: 16, whenFull: "trim" });
    await exe.send(...place, numbered(0, 1));
    const { epoch } = await world.broker.getProcess({ identity: submitter, isAdmin: false }, "p");
    for (let first = 1; first < 80; first++) await exe.send(...place, numbered(first, 1));
    await exe.closeProcess("p", outcome);
    const after = { epoch, position: 1 };
    const read = await collect(sub.read(...place, after));
    requireEqual(read[0]?.kind, "gap", "first item");
    requireEqual(show(read), show(await collectOf(world, after)), "items");
  },
  "tells a gap to the reader of another epoch, and then all": async (world) => {
    const { sub, exe } = await open(world);
    await exe.send(...place, numbered(0, 5));
    await exe.closeProcess("p", outcome);
    const after = { epoch: "another", position: 3 };
    const read = await collect(sub.read(...place, after));
    requireEqual(
      read.map(({ kind }) => kind).join(),
      "gap,entry,entry,entry,entry,entry,end",
      "kinds",
    );
    requireEqual(show(read), show(await collectOf(world, after)), "items");
  },
  "ends after the last entry, also for who comes later": async (world) => {
    const { sub, exe } = await open(world);
    const reading = collect(sub.read(...place, "start"));
    await exe.send(...place, numbered(0, 3));
    await exe.closeProcess("p", outcome);
    const read = await reading;
    requireEqual(read.at(-1), { kind: "end", outcome }, "the end");
    requireEqual(show(await collect(sub.read(...place, "start"))), show(read), "items");
    requireEqual(await codeOf(exe.send(...place, numbered(3, 1))), "process_closed", "refusal");
  },
  "refuses with the broker's errors": async (world) => {
    const { sub } = await open(world);
    const eve = world.connect("eve");
    requireEqual(await codeOf(collect(eve.read(...place, "start"))), "unauthorized", "a read");
    requireEqual(await codeOf(eve.send(...place, numbered(0, 1))), "unauthorized", "a send");
    const missing = collect(sub.read("p", "none", "start"));
    requireEqual(await codeOf(missing), "channel_not_found", "a read of no channel");
  },
  "delivers all once and in order, however often its lines break": async (world) => {
    const { sub, exe } = await open(world);
    const reading = collect(sub.read(...place, "start"));
    const sent: Promise<readonly number[]>[] = [];
    for (let first = 0; first < 200; first += 5) {
      sent.push(exe.send(...place, numbered(first, 5)));
      if (first % 50 !== 45) continue;
      world.breakLines?.();
      await sent.at(-3);
    }
    await Promise.all(sent);
    await exe.closeProcess("p", outcome);
    const read = await reading;
    requireEqual(read.length, 201, "number of items");
    requireEqual(show(read), show(await collectOf(world, "start")), "items");
  },
};

async function open(
  world: TransportWorld,
  channel: object = {},
): Promise<{ readonly sub: TransportClient; readonly exe: TransportClient }> {
  const [sub, exe] = [world.connect(submitter), world.connect(executor)];
  await sub.createProcess({
    ...{ id: "p", executorId: executor },
    channels: [{ name: "out", ...channel }],
  });
  return { sub, exe };
}

function numbered(first: number, count: number): TransportInput[] {
  return Array.from({ length: count }, (_, index) => ({
    payload: bytesOf(`entry ${first + index}`),
  }));
}

async function collect(items: AsyncIterable<TransportItem>): Promise<TransportItem[]> {
  const all: TransportItem[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** What the broker itself delivers, once the process has ended. */
async function collectOf({ broker }: TransportWorld, after: StartAt): Promise<TransportItem[]> {
  return await collect(new BrokerTransport(broker, submitter).read(...place, after));
}

/** Bytes as text, so that they can be compared. */
function show(items: readonly TransportItem[]): unknown {
  return items.map((item) => {
    if (item.kind !== "entry") return item;
    const { payload, ...entry } = item.entry;
    return { ...item, entry, payload: payload.join(" ") };
  });
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await rejectionOf(work, "what is not permitted");
  return isChannelError(error) ? error.code : String(error);
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
