// Prints the tables of the benchmark suite. `--check` exits with 1 when a target is missed.
import { existsSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import process from "node:process";

if (!existsSync(new URL("../dist/index.js", import.meta.url))) {
  console.error("The package is not built yet: run `npm run build` first.");
  process.exit(2);
}
console.log(
  `node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? "unknown processor"}, load ${loadavg()[0].toFixed(1)}`,
);
const { benchRouter } = await import("./router.mjs");
const results = benchRouter();
console.log();
for (const { target, met } of results) console.log(`${met ? "met   " : "MISSED"}  ${target}`);
if (process.argv.includes("--check") && results.some(({ met }) => !met)) process.exit(1);
