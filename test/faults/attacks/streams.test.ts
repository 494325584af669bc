import { once } from "node:events";
import type { Socket } from "node:net";
import { expect } from "vitest";
import { signToken } from "../../server-world.ts";
import { attackSuite } from "./attack-suite.ts";
import type { AttackWorld } from "./attack-world.ts";
import { tally, verdictOf } from "./attacker.ts";
import type { Attacker } from "./attacker.ts";
import { readAnswer } from "../../doors/raw-request.ts";

const MiB = 1024 * 1024;
const events = "Accept: text/event-stream";
const entriesOf = (id: string): string => `/v1/processes/${id}/channels/out/entries`;

/** Asks each connection for a stream; status of each once it has begun or was refused. */
async function subscribe(
  attacker: Attacker,
  sockets: readonly Socket[],
  path: string,
): Promise<string[]> {
  const head = attacker.head(`GET ${path}`, [events], await signToken("attacker"));
  return await Promise.all(
    sockets.map(async (socket) => {
      socket.write(head);
      const [chunk] = (await once(socket, "data")) as [Buffer];
      return chunk.toString("latin1").slice("HTTP/1.1 ".length).slice(0, 3);
    }),
  );
}

async function append(world: AttackWorld, id: string, body: string): Promise<void> {
  const response = await world.request("attacker", "POST", entriesOf(id), { body });
  if (response.status !== 201) throw new Error(await response.text());
}

/** Everything that a connection still gets. */
async function drain(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.resume();
  if (!socket.destroyed) await once(socket, "close");
  return Buffer.concat(chunks).toString("latin1");
}

function statusesIn(text: string): string[] {
  return Array.from(text.matchAll(/HTTP\/1\.1 (\d{3})/g), ([, status]) => status ?? "");
}

/** All fifty subscriptions of a process can be had again, once the server has let go of those before. */
async function untilAllPlacesAreFree(
  attacker: Attacker,
  id: string,
): Promise<Record<string, number>> {
  const take = async (): Promise<Record<string, number>> => {
    const sockets = await attacker.openMany(50);
    const statuses = tally(await subscribe(attacker, sockets, `${entriesOf(id)}?after=now`));
    for (const socket of sockets) socket.destroy();
    return statuses;
  };
  await expect.poll(take, { timeout: 20_000, interval: 200 }).toEqual({ "200": 50 });
  return { "200": 50 };
}

/** Heads of many connections that are never read from. */
async function askWithoutReading(
  attacker: Attacker,
  count: number,
  head: string,
): Promise<Socket[]> {
  const sockets = await attacker.openMany(count);
  for (const socket of sockets) socket.pause().write(head);
  return sockets;
}

attackSuite("readers that subscribe ten thousand times", [
  {
    name: "on as many connections",
    run: async (attacker, world) => {
      const statuses: string[] = [];
      for (let opened = 0; opened < 9_500; opened += 250) {
        // One address may have half of the connections.
        const sockets = await attacker.openMany(250, opened < 4_750 ? "127.0.0.66" : "127.0.0.67");
        statuses.push(...(await subscribe(attacker, sockets, entriesOf("p"))));
      }
      const last = await attacker.open("127.0.0.68");
      await subscribe(attacker, [last], entriesOf("p"));
      await append(world, "p", "to all");
      while (!String((await once(last, "data"))[0]).includes("senderid"));
      return tally(statuses);
    },
    answer: { "200": 9_500 },
    // Node's own pools of sockets and parsers are kept, for the next ones.
    keptBytes: 16 * MiB,
  },
  {
    name: "to one process, by sixteen channels each",
    run: async (attacker, world) => {
      const names = Array.from({ length: 16 }, (_, i) => `c${i}`);
      await world.createProcess("wide", "attacker", names);
      const sockets = await attacker.openMany(650);
      return tally(await subscribe(attacker, sockets, "/v1/processes/wide/entries"));
    },
    answer: { "200": 625, "503": 25 },
  },
]);

/** Those that have asked for large answers. */
let unread: Socket[] = [];

attackSuite(
  "readers that take nothing",
  [
    {
      name: "of large answers",
      run: async (attacker, world) => {
        await world.createProcess("large", "attacker");
        await append(world, "large", "x".repeat(6 * MiB));
        const token = await signToken("attacker");
        const head = attacker.head(`GET ${entriesOf("large")}`, [], token);
        unread = await askWithoutReading(attacker, 40, head);
        // It has seen them all when a later one is answered.
        await world.request("attacker", "GET", "/v1/processes/p");
      },
      heldBytesMax: 64 * MiB,
      aftermath: async () =>
        kindsOf(await Promise.all(unread.map(async (one) => verdictOf(await readAnswer(one))))),
      answer: { "200": true, "429 too_many_requests": true },
      keptBytes: 8 * MiB,
    },
    {
      name: "of streams",
      run: async (attacker, world) => {
        await world.createProcess("long", "attacker");
        for (let i = 0; i < 24; i++) await append(world, "long", "x".repeat(MiB));
        const token = await signToken("attacker");
        const head = attacker.head(`GET ${entriesOf("long")}`, [events], token);
        await askWithoutReading(attacker, 45, head);
        await world.request("attacker", "GET", "/v1/processes/p");
      },
      heldBytesMax: 24 * MiB + 48 * MiB,
      // They stay, and are cut off.
      aftermath: (attacker) => untilAllPlacesAreFree(attacker, "long"),
      answer: { "200": 50 },
      keptBytes: 26 * MiB,
    },
    {
      name: "and send a hundred requests at once",
      run: async (attacker) => {
        const head = attacker.head("GET /v1/processes/p", [], await signToken("attacker"));
        const socket = await attacker.open();
        socket.pause().write(head.repeat(100));
        return tally(statusesIn(await drain(socket)));
      },
      // The first sixteen, and for the next the reason why the connection ends.
      answer: { "200": 16, "429": 1 },
    },
    {
      name: "and open streams behind each other, and leave",
      run: async (attacker) => {
        const head = attacker.head(`GET ${entriesOf("p")}`, [events], await signToken("attacker"));
        for (let round = 0; round < 20; round++) {
          const socket = await attacker.open();
          socket.write(head.repeat(16));
          await once(socket, "data");
          socket.destroy();
        }
        return await untilAllPlacesAreFree(attacker, "p");
      },
      answer: { "200": 50 },
    },
    {
      name: "more, because their grant was revoked",
      run: async (attacker, world) => {
        const path = "/v1/processes/p/grants";
        const made = await world.request("attacker", "POST", path, { json: { ops: ["read"] } });
        const { id, grant } = (await made.json()) as { id: string; grant: string };
        const heads = [entriesOf("p"), "/v1/processes/p/entries", "/v1/processes/p"].map((target) =>
          attacker.head(`GET ${target}?grant=${grant}`, [events]),
        );
        const sockets = await attacker.openMany(30);
        await Promise.all(
          sockets.map(async (socket, index) => {
            socket.write(heads[index % heads.length] ?? "");
            await once(socket, "data");
          }),
        );
        const rests = sockets.map(drain);
        await world.request("attacker", "DELETE", `${path}/${id}`);
        const reasons = (await Promise.all(rests)).map(
          (text) => /"reason":"\w+"/.exec(text)?.[0] ?? "none",
        );
        const after = await Promise.all(heads.map((head) => attacker.send(head)));
        return { ...tally(reasons), ...tally(after) };
      },
      answer: { '"reason":"revoked"': 30, "401 unauthenticated": 3 },
    },
  ],
  {
    brokerLimits: { subscriptionsPerProcess: 50 },
    limits: { answerBytes: 32 * MiB },
    stallMs: 1_500,
  },
);

/** Which there were, where how many depends on what the system takes for its readers. */
function kindsOf(verdicts: readonly string[]): Record<string, boolean> {
  return Object.fromEntries(verdicts.map((verdict) => [verdict, true]));
}
