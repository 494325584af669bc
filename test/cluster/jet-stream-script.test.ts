import { connect } from "@nats-io/transport-node";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { defaultSystem } from "../../src/core/system.ts";
import { NatsJetStream } from "../../src/stores/jetstream/nats-jet-stream.ts";
import { isOlderVersion } from "../../src/stores/jetstream/server-version.ts";
import { streamSettings } from "../../src/stores/jetstream/stream-settings.ts";
import { Subjects } from "../../src/stores/jetstream/subjects.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { createSeededRandom } from "../../src/testing/store-samples.ts";
import { startNatsServer } from "../nats-world.ts";
import type { NatsServer } from "../nats-world.ts";
import { nextTurn, SeededScheduler } from "../storage/seeded-scheduler.ts";
import { SimulatedNats } from "../storage/simulated-nats.ts";
import { scripts } from "./jet-stream-script.ts";
import type { Script } from "./jet-stream-script.ts";
import { messageBytesMax, ScriptWorld, streamBytesMax } from "./script-world.ts";

const subjects = new Subjects("script", 1);
let playedCount = 0;
/** Orders in which the simulation does what is under way: without faults they make no difference. */
const seedCount = 20;
const idleTurnsMax = 1_000;

async function play({ steps }: Script, world: ScriptWorld): Promise<void> {
  const answers: (readonly [string, unknown])[] = [];
  for (const [what, ask] of steps) answers.push([what, await world.answer(ask)]);
  expect(answers).toEqual(steps.map(([what, , answer]) => [what, answer]));
}

async function playSimulated(script: Script, seed: number): Promise<void> {
  const random = createSeededRandom(seed);
  const scheduler = new SeededScheduler(random);
  const nats = new SimulatedNats(subjects, random, scheduler, new FakeClock());
  nats.messageBytesMax = messageBytesMax;
  for (const each of nats.streams.values()) each.bytesMax = streamBytesMax;
  let isOver = false;
  const playing = play(script, new ScriptWorld(nats.connect(), subjects)).finally(
    () => (isOver = true),
  );
  playing.catch(() => undefined);
  for (let idleTurns = 0; !isOver && idleTurns < idleTurnsMax; idleTurns++) {
    if (!scheduler.isIdle) idleTurns = 0;
    await (scheduler.isIdle ? nextTurn() : scheduler.step());
  }
  if (!isOver) throw new Error("a step waits for what does not come");
  await playing;
}

async function playReal(script: Script, { url }: NatsServer): Promise<void> {
  // Of its own name: a stream that is made anew at once may still know what was in the one before. As long as that
  // of the simulation, as names are part of what is counted.
  const own = new Subjects(`scr${100 + playedCount++}`, 1);
  const [stream = ""] = own.streams;
  const requests = await connect({ servers: url });
  const tails = await connect({ servers: url });
  const failures: unknown[] = [];
  const jetStream = await NatsJetStream.open({ requests, tails }, defaultSystem.clock, (error) =>
    failures.push(error),
  );
  const { streams } = jetStream.manager;
  try {
    await streams.add(streamSettings(own, stream, { replicas: 1, streamBytesMax }));
    await play(script, new ScriptWorld(jetStream, own));
    expect(failures).toEqual([]);
  } finally {
    await streams.delete(stream);
    await jetStream.close();
  }
}

describe("JetStream as it is simulated", () => {
  it.each(scripts)("$name", async (script) => {
    for (let seed = 1; seed <= seedCount; seed++) await playSimulated(script, seed);
  });
});

const options = { configuration: `max_payload: ${messageBytesMax}` };

/** Which server is started is looked up once in each instance of the module. */
async function startOlderServer(path: string): Promise<NatsServer> {
  vi.stubEnv("NATS_SERVER", path);
  vi.resetModules();
  const world = await import("../nats-world.ts");
  return world.startNatsServer(options);
}

const older = process.env.NATS_SERVER_OLD;
if (older === undefined)
  console.log("No older nats-server is tried: NATS_SERVER_OLD names none, as of Debian 12.");

for (const [which, start] of [
  ["a nats-server", () => startNatsServer(options)],
  ["an older nats-server", () => startOlderServer(older ?? "")],
] as const) {
  const isOlder = which.includes("older");
  describe.skipIf(isOlder && older === undefined)(`JetStream of ${which}`, () => {
    let server: NatsServer;
    let version = "";

    beforeAll(async () => {
      server = await start();
      const connection = await connect({ servers: server.url });
      version = connection.info?.version ?? "";
      await connection.close();
    });

    afterAll(() => server.dispose());

    it.for(scripts)("$name", async (script, { skip }) => {
      const isTooOld = isOlderVersion(version, "2.10") && script.isSince210 === true;
      const isTooNew = isOlderVersion("2.10", version) && script.isOf210 === true;
      skip(isTooOld || isTooNew, `nats-server ${version} does not`);
      await playReal(script, server);
    });
  });
}
