// Run as a program of its own: a server with the console, many jobs, and one whose channel is to be written fast.
// Says where it is reached, and by whom.
import process from "node:process";
import { fileURLToPath } from "node:url";
import { Broker, MemoryStore } from "../../dist/index.js";
import { createServer, mintToken } from "../../dist/server/index.js";

const secret = new TextEncoder().encode("a secret of the benchmark, of 32 bytes or more");
const consoleDirectory = fileURLToPath(new URL("../../dist/console", import.meta.url));
const admin = { identity: "root", isAdmin: true };

async function createJobs(broker, count) {
  for (let n = 0; n < count; n++)
    await broker.createProcess(admin, {
      id: `job-${String(n).padStart(5, "0")}`,
      label: `training ${n}`,
      // One submitter has fewer open ones.
      submitterId: `submitter-${n % 10}`,
      channels: [{ name: "stdout" }],
      ...(n % 3 === 0 ? { executorId: `worker-${n % 7}` } : {}),
    });
}

const count = Number(process.argv[2]);
process.on("disconnect", () => process.exit());
// The default of 10,000 entries a second would be all that is measured.
const limits = { entriesPerSecond: 1e7, entryBurst: 1e7 };
// It is the page that is measured: what the disk takes of the processors is left to it.
const broker = new Broker({ store: new MemoryStore(), limits });
await broker.start();
await createJobs(broker, count);
// What a program that `jobwire run` runs has: its old lines make room for new ones.
const channels = [{ name: "stdout", writers: "executor", whenFull: "trim" }];
await broker.createProcess(admin, { id: "flood", executorId: "worker", channels });
const server = await createServer({ broker, keys: [{ kind: "hmac", secret }], consoleDirectory });
const now = Date.now();
const lifetime = { now, expiresAt: now + 3_600_000 };
process.send({
  url: server.url,
  viewer: await mintToken(secret, { identity: "root", isAdmin: true }, lifetime),
  worker: await mintToken(secret, { identity: "worker" }, lifetime),
});
