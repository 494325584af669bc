// Run as a program of its own: the server of one kind. Says where it is reached.
import { mkdtemp } from "node:fs/promises";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { loadKind } from "./kinds.mjs";

const [module, options] = process.argv.slice(2);
const directory = await mkdtemp(join(tmpdir(), "jobwire-bench-"));
process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
process.on("disconnect", () => process.exit());
const { startServer } = await loadKind(module);
process.send(await startServer(JSON.parse(options), directory));
