// A worker that prints numbers into `out`, from where its last life stopped, under one producer id, and ends when it
// is told to in `in`.
const [modulePath = "", url = "", processId = "", token = "", count = ""] = process.argv.slice(2);
/** @type {typeof import("../../src/client/index.ts")} */
const { Jobwire } = await import(modulePath);

const sendsUnderWayMax = 64;
const wire = new Jobwire({ url, token });

await wire.execute(
  processId,
  async (job) => {
    const begin = await job.lastSequence("out");
    const out = job.channel("out");
    /** @type {Promise<unknown>[]} */
    let sends = [];
    for (let number = begin + 1; number <= Number(count); number++) {
      sends.push(out.send(String(number)));
      if (sends.length < sendsUnderWayMax) continue;
      await Promise.all(sends);
      sends = [];
    }
    await Promise.all(sends);
    await job.channel("in").entries({ from: "start" })[Symbol.asyncIterator]().next();
  },
  { producer: "printer" },
);
await wire.close();
