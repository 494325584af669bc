import { setTimeout as delay } from "node:timers/promises";
import type { Jobwire, JobwireOptions } from "../../src/client/index.ts";
import type { JsonRead } from "../../src/protocol/index.ts";
import { requireEqual, requireTrue, SuiteFailure } from "../../src/testing/assertion.ts";
import { createSeededRandom } from "../../src/testing/store-samples.ts";
import {
  closeAll,
  contentOf,
  TortureReader,
  TortureSender,
  tortureOptions,
  tortureTransports,
} from "./torture-clients.ts";
import { tortureChannel, tortureProcess, TortureWorld } from "./torture-world.ts";

const sendersPerRound = 2;
const sendsMin = 30;
const sendsMax = 60;
const downMsMax = 150;
const roundMsMax = 180_000;
const outcome = { status: "failed", error: "as planned" } as const;

export interface TortureOptions {
  readonly seed: number;
  /** The built program that is killed. */
  readonly distPath: string;
  readonly createClient: (options: JobwireOptions) => Jobwire;
}

/** What a round has shown. */
export interface TortureReport {
  readonly kills: number;
  readonly restores: number;
  readonly losses: number;
  readonly gaps: number;
  readonly lineFaults: Readonly<Record<string, number>>;
}

/** Two senders of one identity and five readers, of which everything but the order of two senders is known. */
export async function runTortureRound(options: TortureOptions): Promise<TortureReport> {
  const random = createSeededRandom(options.seed);
  await using world = await TortureWorld.create(options.distPath, random);
  const wires: Jobwire[] = [];
  const parties: (TortureSender | TortureReader)[] = [];
  const late = new AbortController();
  try {
    return await Promise.race([
      work(world, options, { wires, parties }),
      delay(roundMsMax, undefined, { signal: late.signal, ref: false }).then(() => {
        throw new SuiteFailure(`it takes longer than ${roundMsMax} ms`);
      }),
    ]);
  } catch (error) {
    const { violations } = world.checker;
    throw new SuiteFailure(
      `torture seed ${options.seed}: ${(error as Error).stack}\n${[...violations, ...parties].join("\n")}`,
    );
  } finally {
    late.abort();
    await closeAll(wires);
  }
}

async function work(
  world: TortureWorld,
  { seed, createClient }: TortureOptions,
  {
    wires,
    parties,
  }: { readonly wires: Jobwire[]; readonly parties: (TortureSender | TortureReader)[] },
): Promise<TortureReport> {
  const random = createSeededRandom(seed + 1);
  const connect = (transport: Partial<JobwireOptions>): Jobwire => {
    const wire = createClient(tortureOptions(world, transport));
    wires.push(wire);
    return wire;
  };
  const transports = Object.entries(tortureTransports);
  const readers = transports.map(
    ([name], index) => new TortureReader(name, world, createSeededRandom(seed * 7 + index)),
  );
  parties.push(...readers);
  const reading = readers.map((reader, index) => {
    const channel = connect(transports[index]?.[1] ?? {}).process(tortureProcess);
    return reader.run(channel.channel(tortureChannel));
  });
  const senders = Array.from({ length: sendersPerRound }, (_, index) => {
    const [, transport] = transports[random(transports.length)] ?? [];
    const onDataLost = (): void => {
      sender.lossCount++;
    };
    const wire = connect({ ...transport, onDataLost });
    const channel = wire.process(tortureProcess).channel(tortureChannel);
    const sender: TortureSender = new TortureSender(`tab${index}`, { world, channel }, random);
    return sender;
  });
  parties.push(...senders);
  const count = sendsMin + random(sendsMax - sendsMin);
  const isQuiet = disturb(world, { seed, sends: (count - 1) * sendersPerRound });
  await Promise.all([isQuiet, ...senders.map((sender) => sender.run(count, isQuiet))]);
  await wires[0]?.process(tortureProcess).close(outcome);
  world.line.calm();
  await Promise.all(reading);
  await judge(world, { readers, senders, count });
  return {
    kills: world.killCount,
    restores: world.restoreCount,
    losses: senders.reduce((sum, { lossCount }) => sum + lossCount, 0),
    gaps: readers.reduce((sum, { gaps }) => sum + gaps.length, 0),
    lineFaults: world.line.counts,
  };
}

/** What happens to the server meanwhile: every fifth seed the same. */
async function disturb(
  world: TortureWorld,
  { seed, sends }: { readonly seed: number; readonly sends: number },
): Promise<void> {
  const random = createSeededRandom(seed + 2);
  // On a busy machine all may have been acknowledged by the time that a copy is made.
  const some = (): Promise<void> => world.acks(1 + random(Math.floor(sends / 4)), sends);
  const plan = seed % 5;
  if (plan === 0) return;
  world.prepare();
  for (let kills = plan === 1 ? 2 : 1; kills > 0; kills--) {
    await some();
    if (plan === 2) {
      await world.backUp();
      await some();
      await world.restore();
      return;
    }
    await world.kill();
    await delay(random(downMsMax));
    await world.start();
    if (kills > 1) world.prepare();
  }
}

async function judge(
  world: TortureWorld,
  {
    readers,
    senders,
    count,
  }: {
    readonly readers: readonly TortureReader[];
    readonly senders: readonly TortureSender[];
    readonly count: number;
  },
): Promise<void> {
  world.checker.finish();
  world.requireNoError();
  const log = await readLog(world);
  for (const reader of readers) {
    requireEqual(reader.seen, log, `what ${reader.name} has seen`);
    requireEqual(reader.outcome, outcome, `the outcome that ${reader.name} was told`);
    const isRestored = world.restoreCount > 0;
    const isRight = isRestored ? reader.gaps.length <= 1 : reader.gaps.length === 0;
    requireTrue(isRight, `${reader.name} has no more gaps than losses: ${reader.gaps.join(", ")}`);
  }
  for (const { name, acknowledged, lossCount } of senders) {
    requireEqual(acknowledged.size, count, `acknowledged sends of ${name}`);
    const missing = [...acknowledged].filter(([content]) => !log.includes(content));
    const isOld = missing.every(([, epoch]) => epoch < world.epoch);
    requireTrue(isOld, `nothing of this epoch is missing: ${JSON.stringify(missing)}`);
    requireEqual(lossCount > 0, missing.length > 0, `${name} was told that data was lost`);
  }
}

/** All that the server has. */
async function readLog(world: TortureWorld): Promise<string[]> {
  const path = `/v1/processes/${tortureProcess}/channels/${tortureChannel}/entries`;
  const contents: string[] = [];
  for (let isRead = false; !isRead;) {
    const page = (await world.request("GET", `${path}?after=${contents.length}`)) as JsonRead;
    for (const { payload } of page.entries)
      contents.push(contentOf(Buffer.from(payload ?? "", "base64")));
    isRead = contents.length === page.last;
  }
  return contents;
}
