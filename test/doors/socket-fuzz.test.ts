import { once } from "node:events";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { WebSocket } from "ws";
import { encodeEntries, encodeEntriesMessage, encodeFrame } from "../../src/protocol/frame.ts";
import type { FrameForm } from "../../src/protocol/frame.ts";
import { runCount } from "../run-count.ts";
import { ServerWorld } from "../server-world.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Of PROTOCOL §7.6, and 1000, with which the client itself leaves. */
const closeCodes = [1000, 4000, 4001, 4008, 4033, 4034, 4037, 4500, 4501, 4502, 4506, 4513];

const failures: unknown[] = [];
let world: ServerWorld;
let token: string;

beforeAll(async () => {
  const logger: Record<string, unknown> = { level: "info", child: () => logger };
  for (const level of ["trace", "debug", "info", "warn", "silent"]) logger[level] = () => undefined;
  for (const level of ["error", "fatal"])
    logger[level] = (...told: unknown[]) => failures.push(told);
  const limits = { maxLogBytes: 1_000_000, payloadBytesMax: 20_000, producerAgeMs: 1_000 };
  world = await ServerWorld.create({ logger: logger as never, limits });
  await world.createProcess({ whenfull: "trim", maxlogentries: 50 });
  token = await world.token("sub", { exp: Math.floor(Date.now() / 1000) + 36_000 });
});

afterAll(() => world[Symbol.asyncDispose]());

const value = fc.oneof(
  fc.constantFrom<unknown>(0, 1, -1, 1.5, 2 ** 53, "", "p", "out", "now", "last:", null, [], {}),
  fc.string({ maxLength: 20 }),
  fc.jsonValue({ maxDepth: 2 }),
);
const id = fc.integer({ min: 1, max: 6 });
const place = fc.record({
  process: fc.constantFrom("p", "p", "p", "none"),
  channel: fc.constantFrom("out", "out", "x"),
});
const entries = fc.array(
  fc.record({
    sequence: fc.integer({ min: 1, max: 4 }),
    payload: fc.uint8Array({ maxLength: 60 }),
  }),
  { maxLength: 4 },
);
const message = fc.oneof(
  place.chain((of) =>
    fc.record({
      kind: fc.constant("subscribe"),
      id,
      process: fc.constant(of.process),
      channel: fc.constant(of.channel),
      after: fc.constantFrom("start", "now", "last:3", "0", "x.7", "?"),
      credit: fc.constantFrom(0, 100, 1e6),
    }),
  ),
  place.chain((of) =>
    fc.record({
      kind: fc.constant("produce"),
      id,
      process: fc.constant(of.process),
      channel: fc.constant(of.channel),
      producer: fc.constantFrom("a", "b", ".."),
    }),
  ),
  fc.record({ kind: fc.constant("append"), id, entries }),
  fc.record({ kind: fc.constant("credit"), id, bytes: fc.constantFrom(1, 1_000, 2 ** 53 - 1) }),
  fc.record({ kind: fc.constantFrom("unsubscribe", "watch"), id }),
  fc.record({ kind: fc.constantFrom("ping", "pong") }),
);

/** Once in so many times a value, else null. */
function rarely<Value>(times: number, of: fc.Arbitrary<Value>): fc.Arbitrary<Value | null> {
  return fc.oneof(
    { weight: times - 1, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: of },
  );
}

/** What is done to messages that are right, and to the frame that they make. */
const frame = fc.record({
  messages: fc.array(message, { maxLength: 6 }),
  field: rarely(8, fc.tuple(fc.nat(), fc.nat(), value)),
  bytes: rarely(12, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 })),
  cut: rarely(20, fc.nat()),
  raw: rarely(20, fc.uint8Array({ maxLength: 100 })),
  otherForm: fc.integer({ min: 0, max: 40 }),
});
type Frame = typeof frame extends fc.Arbitrary<infer Value> ? Value : never;
const session = fc.record({
  form: fc.constantFrom<FrameForm>("json", "binary"),
  saysHello: fc.integer({ min: 0, max: 9 }),
  frames: fc.array(frame, { minLength: 1, maxLength: 8 }),
});
type Session = typeof session extends fc.Arbitrary<infer Value> ? Value : never;

function mutateField(messages: Record<string, unknown>[], field: Frame["field"]): void {
  if (field === null || messages.length === 0) return;
  const [at, key, by] = field;
  const target = messages[at % messages.length] ?? {};
  const keys = [...Object.keys(target), "x"];
  const name = keys[key % keys.length] ?? "x";
  if (by === null) Reflect.deleteProperty(target, name);
  else target[name] = by;
}

/** What begins something gets the next id, what names something one that was begun, if any was. */
class Ids {
  #begun = 0;

  assign(fields: Record<string, unknown>): Record<string, unknown> {
    if (beginning.has(String(fields["kind"]))) return { ...fields, id: ++this.#begun };
    if (!("id" in fields) || this.#begun === 0) return { ...fields };
    return { ...fields, id: 1 + (Number(fields["id"]) % this.#begun) };
  }
}

const beginning = new Set(["subscribe", "produce", "watch"]);

function build(form: FrameForm, ids: Ids, { messages, field, bytes, cut, raw }: Frame): Uint8Array {
  if (raw !== null) return raw;
  const copies = messages.map((one) => ids.assign(one as Record<string, unknown>));
  mutateField(copies, field);
  const encoded = copies.map((copy) => {
    const { entries: given, ...rest } = copy;
    const isAppend = Array.isArray(given) && given.every((one) => one instanceof Object);
    if (!isAppend) return { text: JSON.stringify(copy), payloads: [] };
    const entries = given.map(({ payload, ...told }: { payload?: unknown }) => ({
      payload: payload instanceof Uint8Array ? payload : new Uint8Array(),
      told,
    }));
    const told = encodeEntries(form, entries, (entry) => JSON.stringify(entry.told));
    return encodeEntriesMessage(rest as { kind: string }, told);
  });
  const whole = Buffer.from(encodeFrame(form, encoded));
  for (const [at, by] of bytes ?? []) if (whole.length > 0) whole[at % whole.length] = by;
  return cut === null ? whole : whole.subarray(0, cut % (whole.length + 1));
}

/** Plays it, and leaves once everything was answered, unless the server closes before. Returns the close code. */
async function play({ form, saysHello, frames }: Session): Promise<number> {
  const socket = new WebSocket(
    `${world.url.replace("http", "ws")}/v1/socket`,
    `jobwire.v1.${form}`,
  );
  const closed = once(socket, "close") as Promise<[number, Buffer]>;
  socket.on("error", () => undefined);
  await once(socket, "open");
  const hello = encodeFrame(form, [
    { text: JSON.stringify({ kind: "hello", token }), payloads: [] },
  ]);
  if (saysHello > 0) socket.send(hello);
  const ids = new Ids();
  for (const one of frames) {
    const isBinary = (form === "binary") !== (one.otherForm === 0);
    socket.send(build(form, ids, one), { binary: isBinary });
  }
  // A protocol's own ping is answered behind everything that was sent before it.
  socket.ping();
  await Promise.race([once(socket, "pong"), closed]);
  if (socket.readyState === WebSocket.OPEN) socket.close(1000);
  const [code] = await closed;
  return code;
}

function heldBytes(): number {
  collectGarbage();
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const runs = runCount(2_000, 50_000);
const atOnce = 10;

it("no frame makes the server fail, hang or grow, and each close code is known", async () => {
  const codes = new Map<number, number>();
  const seed = Number(process.env.JOBWIRE_TEST_SEED ?? Date.now() % 2 ** 31);
  const play10 = async (sessions: readonly Session[]): Promise<void> => {
    for (const code of await Promise.all(sessions.map(play))) {
      codes.set(code, (codes.get(code) ?? 0) + 1);
      expect(closeCodes).toContain(code);
    }
    expect(failures).toEqual([]);
  };
  const property = fc.asyncProperty(
    fc.array(session, { minLength: atOnce, maxLength: atOnce }),
    play10,
  );
  await fc.assert(property, { seed, numRuns: 20, endOnFailure: true });
  const before = heldBytes();
  await fc.assert(property, { seed: seed + 1, numRuns: Math.ceil(runs / atOnce) });
  const grown = heldBytes() - before;
  const told = [...codes].sort(([a], [b]) => a - b).map(([code, count]) => `${code}: ${count}`);
  console.log(`seed ${seed}: ${told.join(", ")}; ${Math.round(grown / 1024)} KiB more than before`);
  expect(grown).toBeLessThan(20 * 1024 * 1024);
  expect(world.errors).toEqual([]);
  // It is no test if everything is refused at the first look, or nothing.
  for (const code of [1000, 4500]) expect(codes.get(code) ?? 0).toBeGreaterThan(runs / 50);
  expect((await fetch(`${world.url}/healthz`)).status).toBe(200);
}, 600_000);
