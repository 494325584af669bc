// A worker that takes a process over, counts until somebody cancels it, and tells what became of it.
//
//   JOBWIRE_URL=… TOKEN=… node examples/worker.mjs <process>
import { setTimeout as wait } from "node:timers/promises";
import { Jobwire } from "jobwire/client";

const wire = new Jobwire({ url: process.env.JOBWIRE_URL, token: process.env.TOKEN });

await wire.execute(process.argv[2], async (job) => {
  const out = job.channel("out");
  for (let n = 1; !job.signal.aborted; n++) {
    await out.send(`step ${n}\n`);
    // Cut short by a cancel.
    await wait(100, undefined, { signal: job.signal }).catch(() => undefined);
  }
});
await wire.close();
