import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, it } from "vitest";
import { ensureBuilt } from "../../scripts/ensure-built.mjs";
import { root } from "../../scripts/project.mjs";
import { Jobwire } from "../../src/client/node.ts";
import { CliWorld } from "../cli-world.ts";

/** Far more than when the last kill comes, which is to meet a worker that sends. */
const count = 20_000;
const program = fileURLToPath(new URL("worker.mjs", import.meta.url));
const client = join(root, "dist/client/node.js");

beforeAll(() => ensureBuilt(), 300_000);

it("goes on where it was killed, over a killed server too: each entry once, in order", async () => {
  await using world = await CliWorld.create();
  const port = Number(new URL(world.url).port);
  const token = await world.token({ identity: "worker" });
  const wire = new Jobwire({ url: world.url, token: () => world.token() });
  const channels = [{ name: "out" }, { name: "in" }];
  await wire.createProcess({ id: "p", executorId: "worker", channels });
  const start = (): ChildProcess =>
    spawn(process.execPath, [program, client, world.url, "p", token, String(count)], {
      stdio: ["ignore", "ignore", "inherit"],
    });

  let worker = start();
  const exits: Promise<unknown[]>[] = [once(worker, "exit")];
  const numbers: number[] = [];
  const entries = wire.process("p").channel("out").entries();
  for await (const { payload } of entries) {
    const number = Number(new TextDecoder().decode(payload));
    numbers.push(number);
    // In the middle of its sends, each time; once at the same time as the server.
    if (number % 2_000 !== 0 || number > 8_000) continue;
    if (number === 4_000 || number === 6_000) {
      await world.stopServer("SIGKILL");
      await world.serve(port);
    }
    if (number === 4_000) continue;
    worker.kill("SIGKILL");
    worker = start();
    exits.push(once(worker, "exit"));
    // A busy reader may be far behind: no worker may end before the last kill.
    if (number === 8_000) await wire.process("p").channel("in").send("end");
  }

  expect(numbers).toEqual(Array.from({ length: count }, (_, i) => i + 1));
  expect(entries.outcome).toEqual({ status: "success" });
  const codes = (await Promise.all(exits)).map(([code, signal]) => code ?? signal);
  expect(codes).toEqual(["SIGKILL", "SIGKILL", "SIGKILL", 0]);
  await wire.close();
});
