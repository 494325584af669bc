// Prints the tables of the benchmark suite, all of them or those of `--only <name>`, which may be given
// more than once. It exits with 1 when entries were lost or repeated, with `--check` also when a target is missed; `--count` is how many of what a table has many of.
import { existsSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import process from "node:process";
import { parseArgs } from "node:util";
import { installPeers } from "./peers.mjs";

const tables = {
  router: async () => (await import("./router.mjs")).benchRouter(),
  append: async () => (await import("./segment-log-append.mjs")).benchSegmentLogAppend(),
  start: async () => (await import("./segment-log-start.mjs")).benchSegmentLogStart(),
  cold: async (many) => (await import("./segment-log-cold.mjs")).benchColdChannels(many),
  compaction: async () =>
    (await import("./segment-log-compaction.mjs")).benchSegmentLogCompaction(),
  jetstream: async () => (await import("./jetstream.mjs")).benchJetStream(),
  "jetstream-cold": async (many) => (await import("./jetstream-cold.mjs")).benchJetStreamCold(many),
  wire: async () => (await import("./wire.mjs")).benchWire(),
  echo: async (many) => (await import("./echo.mjs")).benchEcho(many),
  sockets: async (many) => (await import("./sockets.mjs")).benchSockets(many),
  console: async (many) => (await import("./console.mjs")).benchConsole(many),
};

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true },
    check: { type: "boolean" },
    count: { type: "string" },
  },
});
const names = values.only ?? Object.keys(tables);
const unknown = names.filter((name) => !Object.hasOwn(tables, name));
if (unknown.length > 0) {
  console.error(`No table ${unknown.join(", ")}: there are ${Object.keys(tables).join(", ")}.`);
  process.exit(2);
}
const many = values.count === undefined ? {} : { count: Number(values.count) };
if (values.count !== undefined && !(Number.isInteger(many.count) && many.count > 0)) {
  console.error(`--count must be a whole number above 0, got ${values.count}.`);
  process.exit(2);
}
if (!existsSync(new URL("../dist/index.js", import.meta.url))) {
  console.error("The package is not built yet: run `npm run build` first.");
  process.exit(2);
}
if (names.includes("append") || names.includes("wire")) installPeers();
console.log(
  `node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? "unknown processor"}, load ${loadavg()[0].toFixed(1)}`,
);
const results = [];
for (const name of names) results.push(...(await tables[name](many)));
console.log();
for (const { target, met } of results) console.log(`${met ? "met   " : "MISSED"}  ${target}`);
// A figure of entries that were lost or repeated is no figure.
const isExact = results.every((result) => result.isExact !== false);
if (!isExact || (values.check && results.some(({ met }) => !met))) process.exit(1);
