// Run as a program of its own: the server of one kind. Says where it is reached and where its files are, and when asked
// what it holds in memory: as it is, or once all that can be collected is.
import { mkdtemp } from "node:fs/promises";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { measureMemory } from "../memory-use.mjs";
import { loadKind } from "./kinds.mjs";

const [module, options] = process.argv.slice(2);
const directory = await mkdtemp(join(tmpdir(), "jobwire-bench-"));
process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
process.on("disconnect", () => process.exit());
const { startServer } = await loadKind(module);
/** What went wrong in the background. */
const failures = [];
const onError = (error, { stage }) => void failures.push(`${stage}: ${String(error)}`);
const answers = {
  usage: () => process.memoryUsage(),
  memory: () => measureMemory(),
  failures: () => failures,
};
process.on("message", (question) => process.send(answers[question]()));
const address = await startServer(JSON.parse(options), directory, onError);
process.send({ address, directory });
