// A NATS server of its own for a benchmark, with nothing kept after it.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("../scripts/ensure-nats-server.sh", import.meta.url));

async function freePort() {
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address();
  await new Promise((resolve) => listener.close(resolve));
  return port;
}

/** Resident bytes, and those of its heap after a collection. */
async function measureServer(pid, profilePort) {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const profile = await fetch(`http://127.0.0.1:${profilePort}/debug/pprof/heap?gc=1&debug=1`);
  const [, heap] = /^# HeapAlloc = (\d+)$/m.exec(await profile.text());
  return {
    residentBytes: Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)[1]) * 1024,
    heapBytes: Number(heap),
  };
}

/** With its data in `directory`, where an earlier one may have left some. `sync` as its manual has `sync_interval`. */
export async function startNatsServer(directory, { sync } = {}) {
  const port = await freePort();
  const profilePort = await freePort();
  const path = join(directory, "nats.conf");
  const syncing = sync === undefined ? "" : `sync_interval: ${sync}, `;
  const jetStream = `jetstream { ${syncing}store_dir: ${JSON.stringify(directory)} }`;
  await writeFile(path, `listen: "127.0.0.1:${port}"\nprof_port: ${profilePort}\n${jetStream}\n`);
  const binary = execFileSync("bash", [script], { encoding: "utf8" }).trim();
  const child = spawn(binary, ["-c", path], { stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  await new Promise((resolve, reject) => {
    child.once("exit", () => reject(new Error(`nats-server has ended:\n${log}`)));
    child.stderr.on("data", (text) => {
      log += text;
      if (log.includes("Server is ready")) resolve();
    });
  });
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    version: execFileSync(binary, ["--version"], { encoding: "utf8" }).trim(),
    measureMemory: () => measureServer(child.pid, profilePort),
    async stop() {
      const exited = once(child, "exit");
      child.kill();
      await exited;
    },
  };
}
