import { it } from "vitest";
import { SegmentLogStore } from "../../src/stores/segment-log/segment-log-store.ts";
import { runStoreHistory } from "./store-history.ts";
it("x", { timeout: 6000000 }, async () => {
  const n = Number(process.env.N ?? 100); const from = Number(process.env.FROM ?? 1);
  const t = performance.now();
  let bad = 0;
  for (let seed = from; seed < from + n; seed++) {
    const t0 = performance.now();
    process.stderr.write(`s${seed} `);
    try {
    await runStoreHistory(seed, { open: (directory, system) => SegmentLogStore.open({ directory, system, segmentBytes: 16384, onError: (e, c) => { if (process.env.V) process.stderr.write(`\n!! ${c.stage} ${String(e)} ${String((e as any)?.cause ?? "")}`); } }) });
    } catch (e) { bad++; process.stderr.write("\n" + (e as Error).message.slice(0, 700) + "\n"); if (bad > 5) break; }
    if (performance.now() - t0 > 1500) process.stderr.write(`slow ${seed} ${performance.now() - t0}\n`);
  }
  process.stderr.write(`\nms per history ${(performance.now() - t) / n} bad ${bad}\n`);
});
