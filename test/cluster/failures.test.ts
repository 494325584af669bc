import { connect } from "@nats-io/transport-node";
import { jetstreamManager } from "@nats-io/jetstream";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { TcpProxy } from "../../src/testing/index.ts";
import { root } from "../../scripts/project.mjs";
import { describeOnNats } from "../nats-binary.ts";
import { startNatsCluster } from "../nats-world.ts";
import type { NatsServer } from "../nats-world.ts";
import { ClusterLoad } from "./cluster-load.ts";
import { ClusterNode } from "./cluster-node.ts";
import type { ClusterNodeOptions } from "./cluster-node.ts";
import { LoadBalancer } from "./load-balancer.ts";

const storeName = "failures";
/** Longer than every time-out of a node that was frozen and of those who wait for it. */
const frozenMs = 8_000;

describeOnNats("two nodes over three NATS servers", { timeout: 180_000 }, () => {
  let servers: readonly NatsServer[] = [];
  let lines: readonly TcpProxy[] = [];
  let nodes: ClusterNode[] = [];
  let balancer: LoadBalancer;
  let load: ClusterLoad | undefined;
  let count = 0;

  const startNode = (connection: ClusterNodeOptions["connection"]): Promise<ClusterNode> =>
    ClusterNode.start({ distPath: `${root}/dist`, connection, storeName, replicas: 3 });
  const urls = (): string[] => servers.map(({ url }) => url);

  beforeAll(async () => {
    servers = await startNatsCluster(3);
    balancer = await LoadBalancer.start();
    nodes = [await startNode({ servers: urls() })];
    nodes.push(await startNode({ servers: urls() }));
    await balancer.use(nodes.map(({ url }) => url));
  }, 90_000);

  afterEach(async () => {
    await load?.close();
  });

  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.kill()));
    await balancer.close();
    await Promise.all(lines.map((line) => line.close()));
    await Promise.all(servers.map((server) => server.dispose()));
  });

  async function beginLoad(): Promise<ClusterLoad> {
    load = new ClusterLoad([balancer.url], `job${++count}`);
    await load.begin();
    await load.acks(300);
    load.takeLongestPause();
    return load;
  }

  async function finish(load: ClusterLoad, what: string): Promise<void> {
    await load.acks(300);
    const pauseMs = Math.round(load.takeLongestPause());
    await load.finish();
    console.log(
      `${what}: ${load.ackCount} acknowledged, 0 lost, 0 repeated, longest pause ${pauseMs} ms`,
    );
  }

  async function leaderOf(processId: string): Promise<NatsServer> {
    const connection = await connect({ servers: urls() });
    try {
      const manager = await jetstreamManager(connection);
      for (const stream of ["0", "1"]) {
        const name = `${storeName}-${stream}`;
        const subjects = `${storeName}.${stream}.record.${processId}`;
        const { cluster, state } = await manager.streams.info(name, { subjects_filter: subjects });
        if (Object.keys(state.subjects ?? {}).length === 0) continue;
        const leader = servers.find(({ port }) => cluster?.leader === `server-${port}`);
        if (leader !== undefined) return leader;
      }
      throw new Error(`no stream has ${processId}`);
    } finally {
      await connection.close();
    }
  }

  it("go on when the leader of a stream is killed", async () => {
    const work = await beginLoad();
    const leader = await leaderOf(work.processId);
    await leader.kill();
    await finish(work, "leader killed");
    await leader.start();
  });

  it("go on when the leader of a stream is frozen, and when it is back", async () => {
    const work = await beginLoad();
    const leader = await leaderOf(work.processId);
    leader.freeze();
    await work.acks(300);
    leader.thaw();
    await finish(work, "leader frozen");
  });

  it("go on when all servers were killed and started again", async () => {
    const work = await beginLoad();
    await Promise.all(servers.map((server) => server.kill()));
    await Promise.all(servers.map((server) => server.start()));
    await finish(work, "all servers killed");
  });

  it("lose nothing when one of them is killed: its clients move on by themselves", async () => {
    const work = await beginLoad();
    await nodes[0]?.kill();
    await finish(work, "node killed");
    nodes = [await startNode({ servers: urls() }), ...nodes.slice(1)];
    await balancer.use(nodes.map(({ url }) => url));
  });

  it("lose nothing when one of them is frozen for longer than every time-out", async () => {
    const work = await beginLoad();
    nodes[0]?.freeze();
    await work.acksFor(frozenMs);
    nodes[0]?.thaw();
    await finish(work, "node frozen");
  });

  it("lose nothing when one of them is cut off from NATS for a while", async () => {
    lines = await Promise.all(servers.map(({ port }) => TcpProxy.start(port)));
    const cutOff = await startNode({
      servers: lines.map(({ port }) => `nats://127.0.0.1:${port}`),
      ignoreClusterUpdates: true,
    });
    const before = nodes;
    nodes = [...before, cutOff];
    await balancer.use(nodes.map(({ url }) => url));
    const work = await beginLoad();
    for (const line of lines) line.refuse();
    await work.acks(300);
    // It has given up by then, and knows that it must not say what it knows.
    await expect.poll(() => cutOff.isReady(), { timeout: 30_000 }).toBe(false);
    for (const line of lines) line.accept();
    await finish(work, "node cut off");
  });
});
