import { describe, expect, it } from "vitest";
import { ClientWorld } from "../../test/client-world.ts";
import { isChannelError, type ChannelEntry, type Job, type Jobwire } from "./index.ts";

const spec = { id: "p", channels: [{ name: "out" }, { name: "in" }] };
const texts = (entries: readonly ChannelEntry[]): string[] =>
  entries.map(({ payload }) => new TextDecoder().decode(payload));

async function readAll(wire: Jobwire): Promise<string[]> {
  const all: ChannelEntry[] = [];
  for await (const entry of wire.process("p").channel("out").entries()) all.push(entry);
  return texts(all);
}

/** Submitted by `ada`, run by `worker`. */
async function createProcess(world: ClientWorld): Promise<Jobwire> {
  const ada = world.client("ada", "websocket");
  await ada.createProcess({ ...spec, executorId: "worker" });
  return ada;
}

async function aborted({ signal }: Job): Promise<unknown> {
  if (!signal.aborted)
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  return signal.reason;
}

const refusal = (code: string): unknown =>
  expect.toSatisfy((error) => isChannelError(error) && error.code === code);

describe.each(["websocket", "sse", "poll"] as const)("a worker over %s", (transport) => {
  it("takes the role, answers, and closes with success after all that it sent", async () => {
    await using world = await ClientWorld.create();
    const ada = await createProcess(world);
    const worker = world.client("worker", transport);
    await ada.process("p").channel("in").send("2 + 2");

    const result = worker.execute("p", async (job) => {
      for await (const { payload } of job.channel("in").entries()) {
        void job.channel("out").send(`${new TextDecoder().decode(payload)} = 4`);
        void job.channel("out").send("done");
        return 4;
      }
      return 0;
    });

    expect(await readAll(ada)).toEqual(["2 + 2 = 4", "done"]);
    expect(await result).toBe(4);
    const process = await ada.process("p").get();
    expect(process).toMatchObject({
      executorId: "worker",
      term: 2,
      outcome: { status: "success" },
    });
  });

  it("tells the process of a cancel, and closes it as cancelled", async () => {
    await using world = await ClientWorld.create();
    const ada = await createProcess(world);
    const worker = world.client("worker", transport);

    const reason = worker.execute("p", async (job) => {
      await ada.process("p").cancel();
      return await aborted(job);
    });

    expect(await reason).toEqual(new Error("cancelled by ada"));
    expect((await ada.process("p").get()).outcome).toEqual({ status: "cancelled" });
  });

  it("ends when somebody else closes the process", async () => {
    await using world = await ClientWorld.create();
    const ada = await createProcess(world);
    const worker = world.client("worker", transport);

    const work = worker.execute("p", async (job) => {
      await ada.process("p").close({ status: "failed", error: "enough" });
      return await aborted(job);
    });

    await expect(work).rejects.toEqual(refusal("process_closed"));
    expect((await ada.process("p").get()).outcome).toEqual({ status: "failed", error: "enough" });
  });
});

it("closes the process as failed with what the function throws, after what it sent", async () => {
  await using world = await ClientWorld.create();
  const ada = await createProcess(world);
  const worker = world.client("worker", "websocket");
  const failure = new Error("out of memory");

  const work = worker.execute("p", (job) => {
    void job.channel("out").send("half");
    throw failure;
  });

  await expect(work).rejects.toBe(failure);
  expect(await readAll(ada)).toEqual(["half"]);
  const { outcome } = await ada.process("p").get();
  expect(outcome).toEqual({ status: "failed", error: "out of memory" });
});

it.each([
  { thrown: new RangeError(""), error: "RangeError" },
  { thrown: "", error: "unknown" },
  { thrown: new Error("x".repeat(5000)), error: "x".repeat(4096) },
])("closes the process as failed whatever is thrown: $error", async ({ thrown, error }) => {
  await using world = await ClientWorld.create();
  const ada = await createProcess(world);
  const worker = world.client("worker", "websocket");

  const work = worker.execute("p", () => Promise.reject(thrown as Error));

  await expect(work).rejects.toBe(thrown);
  expect((await ada.process("p").get()).outcome).toEqual({ status: "failed", error });
});

it("fences the one before it, of the same identity too", async () => {
  await using world = await ClientWorld.create();
  const ada = await createProcess(world);
  const [former, later] = [world.client("worker", "websocket"), world.client("worker", "sse")];

  let next: Promise<unknown> = Promise.resolve();
  const fenced = former.execute("p", async (job) => {
    await job.channel("out").send("former");
    const replaced = aborted(job);
    next = later.execute("p", async (newer) => {
      const tooLate = job.channel("out").send("too late");
      const isRefused = expect(tooLate).rejects.toEqual(refusal("executor_fenced"));
      await newer.channel("out").send("later");
      await Promise.all([replaced, isRefused]);
    });
    return await replaced;
  });

  await expect(fenced).rejects.toEqual(refusal("executor_fenced"));
  await next;
  expect(await readAll(ada)).toEqual(["former", "later"]);
  const process = await ada.process("p").get();
  expect(process.outcome).toEqual({ status: "success" });
});

it("aborts the job when the process is deleted", async () => {
  await using world = await ClientWorld.create();
  const ada = await createProcess(world);
  const worker = world.client("worker", "websocket");

  const work = worker.execute("p", async (job) => {
    await ada.process("p").delete();
    return await aborted(job);
  });

  await expect(work).rejects.toEqual(refusal("process_not_found"));
});

it("goes on where an earlier life of it stopped", async () => {
  await using world = await ClientWorld.create();
  const ada = await createProcess(world);
  const life = async (last: number, until: number, wire: Jobwire, isLast: boolean) =>
    await wire.execute(
      "p",
      async (job) => {
        const taken = await job.lastSequence("out");
        expect(taken).toBe(last);
        const out = job.channel("out");
        await out.sendMany(Array.from({ length: until - taken }, (_, i) => `${taken + i + 1}`));
        if (!isLast) await aborted(job);
      },
      { producer: "stable" },
    );

  const first = world.client("worker", "sse");
  const second = world.client("worker", "sse");
  const ended = expect(life(0, 3, first, false)).rejects.toEqual(refusal("executor_fenced"));
  for await (const entry of ada.process("p").channel("out").entries())
    if (entry.position === 3) break;
  await life(3, 5, second, true);
  await ended;

  expect(await readAll(ada)).toEqual(["1", "2", "3", "4", "5"]);
});

it("refuses to send under the name of an earlier life that was not asked for", async () => {
  await using world = await ClientWorld.create();
  await createProcess(world);
  const worker = world.client("worker", "websocket");

  const work = worker.execute("p", (job) => job.channel("out").send("1"), { producer: "stable" });

  await expect(work).rejects.toThrow(TypeError);
});

it("goes on with another token when the first expires", async () => {
  await using world = await ClientWorld.create();
  const ada = await createProcess(world);
  let tokens = 0;
  const token = async (): Promise<string> => {
    tokens += 1;
    const exp = Math.floor(Date.now() / 1000) + (tokens === 1 ? 2 : 600);
    return await world.world.token("worker", { exp });
  };
  const worker = world.client("worker", "websocket", { token });

  await worker.execute("p", async (job) => {
    await job.channel("out").send("with the first");
    await expect.poll(() => tokens, { timeout: 10_000 }).toBeGreaterThan(1);
    await job.channel("out").send("with the second");
  });

  expect(await readAll(ada)).toEqual(["with the first", "with the second"]);
});

it("ends a job whose client is closed, and settles what it sent", async () => {
  await using world = await ClientWorld.create();
  await createProcess(world);
  const worker = world.client("worker", "websocket", { closeTimeoutMs: 100 });
  let send: Promise<unknown> = Promise.resolve();

  const work = worker.execute("p", async (job) => {
    await job.channel("out").send("taken");
    world.proxy.refuse();
    send = job.channel("out").send("never taken");
    await worker.close().catch(() => undefined);
    return await aborted(job);
  });

  await expect(work).rejects.toEqual(refusal("unavailable"));
  await expect(send).rejects.toEqual(refusal("unavailable"));
});
