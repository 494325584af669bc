import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { Broker } from "../../src/core/broker/broker.ts";
import { isChannelError } from "../../src/core/errors.ts";
import type { Store } from "../../src/core/store.ts";
import { openJetStreamStore } from "../../src/stores/jetstream/index.ts";
import { TcpProxy } from "../../src/testing/index.ts";
import { codeOf, other, readAll, sub } from "../broker-world.ts";
import { describeOnNats } from "../nats-binary.ts";
import { startNatsServer } from "../nats-world.ts";
import type { NatsServer } from "../nats-world.ts";

const storeName = "authority";
const exe = { identity: "exe", isAdmin: false };
/** Longer than a node may be without its store before it says so. */
const cutOffMs = 6_000;

interface Node {
  readonly broker: Broker;
  readonly store: Store;
  readonly line: TcpProxy;
}

/** Appends without pause until it is refused, and tells what was acknowledged. */
async function flood(
  { broker }: Node,
  caller: typeof exe,
  { processId = "p", term }: { readonly processId?: string; readonly term?: number } = {},
): Promise<{ readonly acknowledged: readonly number[]; readonly end: string }> {
  const acknowledged: number[] = [];
  for (let count = 1; ; count++) {
    const options = {
      producer: `flood-${caller.identity}`,
      ...(term === undefined ? {} : { term }),
    };
    const entry = [{ sequence: count, payload: `${caller.identity}.${count}` }];
    try {
      const ack = await broker.append(caller, processId, "out", entry, options);
      acknowledged.push(ack.entries[0]?.position ?? 0);
    } catch (error) {
      if (!isChannelError(error)) throw error;
      return { acknowledged, end: error.code };
    }
  }
}

describeOnNats("authority over two nodes and a NATS server", { timeout: 60_000 }, () => {
  let server: NatsServer;
  let nodes: readonly [Node, Node];
  let opened: Node[] = [];

  async function openNode(): Promise<Node> {
    const line = await TcpProxy.start(server.port);
    const store = await openJetStreamStore({
      name: storeName,
      connection: { servers: `nats://127.0.0.1:${line.port}`, ignoreClusterUpdates: true },
      create: { streamCount: 2, replicas: 1, streamBytesMax: 2 ** 28 },
      settleMs: 3_000,
    });
    const broker = new Broker({ store });
    await broker.start();
    const node = { broker, store, line };
    opened.push(node);
    return node;
  }

  beforeAll(async () => {
    server = await startNatsServer();
    nodes = [await openNode(), await openNode()];
  });

  afterAll(async () => {
    for (const { broker, store, line } of opened) {
      await broker.close();
      await store.close();
      await line.close();
    }
    opened = [];
    await server.dispose();
  });

  beforeEach(async () => {
    const [{ broker }] = nodes;
    await broker.deleteProcess(sub, "p").catch(() => undefined);
    await broker.createProcess(sub, { id: "p", channels: [{ name: "out" }, { name: "err" }] });
    await broker.assign(sub, "p", { executorId: "exe" });
  });

  it("stops an executor that appends through one node when it is replaced through the other", async () => {
    const [first, second] = nodes;
    const { term } = await first.broker.getProcess(sub, "p");
    const flooding = flood(second, exe, { term });
    while ((await readAll(first.broker)).length < 50);
    await first.broker.assign(sub, "p", { executorId: "other" });
    const after = await readAll(first.broker);
    const { acknowledged, end } = await flooding;
    expect(end).toBe("executor_fenced");
    expect(after).toHaveLength(acknowledged.length);
    await second.broker.append(other, "p", "out", [{ payload: "new" }]);
    expect(await readAll(first.broker)).toEqual([...after, "new"]);
  });

  it("ends every reader behind the last acknowledged entry when it is closed while both nodes append", async () => {
    const readers = await Promise.all(
      nodes.map(({ broker }) => broker.subscribe(sub, "p", "out", { after: "start" })),
    );
    const reading = readers.map(async (reader) => {
      const positions: number[] = [];
      for await (const item of reader) {
        if (item.kind === "entries") positions.push(...item.entries.map((entry) => entry.position));
        else expect(item).toMatchObject({ kind: "end", reason: "closed" });
      }
      return positions;
    });
    const [first, second] = nodes;
    const floods = [flood(first, exe), flood(second, sub)];
    while ((await readAll(second.broker)).length < 50);
    await second.broker.closeProcess(sub, "p", { status: "success" });
    const results = await Promise.all(floods);
    expect(results.map(({ end }) => end)).toEqual(["process_closed", "process_closed"]);
    const acknowledged = results.flatMap((result) => result.acknowledged).sort((a, b) => a - b);
    expect(await Promise.all(reading)).toEqual([acknowledged, acknowledged]);
  });

  it("keeps what a node that was cut off knows of a deleted process out of the one created again", async () => {
    const [first, second] = nodes;
    const reader = await second.broker.subscribe(sub, "p", "out", { after: "start" });
    await second.broker.append(exe, "p", "out", [{ payload: "old life" }]);
    second.line.refuse();
    const late = codeOf(second.broker.append(exe, "p", "out", [{ payload: "late" }]));
    await first.broker.deleteProcess(sub, "p");
    await first.broker.createProcess(sub, { id: "p", channels: [{ name: "out" }] });
    await first.broker.append(sub, "p", "out", [{ payload: "new life" }]);
    expect(await late).toBe("unavailable");
    await expect.poll(() => second.broker.isReady(), { timeout: cutOffMs * 2 }).toBe(false);
    expect(await codeOf(second.broker.getProcess(sub, "p"))).toBe("unavailable");
    second.line.accept();
    const items: string[] = [];
    for await (const item of reader) items.push(item.kind === "end" ? item.reason : item.kind);
    expect(items).toEqual(["entries", "deleted"]);
    // It is ready once any stream answers again: the one of this process may be later.
    await expect
      .poll(() => codeOf(second.broker.getProcess(sub, "p")), { timeout: 15_000 })
      .not.toBe("unavailable");
    expect(await readAll(second.broker)).toEqual(["new life"]);
    expect(await codeOf(second.broker.append(exe, "p", "out", [{ payload: "late" }]))).toBe(
      "unauthorized",
    );
  });

  it("lets a cancel request, a revoked grant and a delete reach the other node within five seconds", async () => {
    const [first, second] = nodes;
    const watch = await second.broker.watchProcesses(sub, { processId: "p" });
    const expiresAt = Date.now() + 60_000;
    const spec = { secretHash: "0".repeat(64), ops: ["read" as const], expiresAt };
    const grant = await first.broker.grants.create(sub, "p", spec);
    const holder = {
      identity: `grant:${grant.id}`,
      isAdmin: false,
      grant: { processId: "p", grantId: grant.id },
    };
    const reader = await second.broker.subscribe(holder, "p", "out", { after: "start" });
    const startMs = performance.now();
    await first.broker.grants.revoke(sub, "p", grant.id);
    expect(await reader.next()).toMatchObject({ kind: "end", reason: "revoked" });
    await first.broker.requestCancel(sub, "p");
    await first.broker.deleteProcess(sub, "p");
    for await (const changes of watch) if (changes.some((change) => "deleted" in change)) break;
    expect(performance.now() - startMs).toBeLessThan(5_000);
    watch.close();
  });
});
