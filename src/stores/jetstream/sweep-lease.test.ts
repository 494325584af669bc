import { beforeEach, describe, expect, it } from "vitest";
import { JetStreamWorld } from "../../../test/jetstream-world.ts";
import type { JetStreamNode } from "../../../test/jetstream-world.ts";
import { leaseMs } from "./sweep-lease.ts";

const renewMs = 5_000;

describe("of the nodes of a store", () => {
  let world: JetStreamWorld;
  let nodes: JetStreamNode[];

  const open = async (): Promise<JetStreamNode> => {
    const node = world.open();
    nodes.push(node);
    await world.settle();
    return node;
  };
  const holders = (): number[] =>
    nodes.flatMap(({ store }, index) => (store.holdsSweepLease() ? [index] : []));
  const closeAll = async (): Promise<void> => {
    for (const { store } of nodes) await world.done(store.close());
  };

  beforeEach(async () => {
    world = new JetStreamWorld();
    nodes = [];
    for (let count = 0; count < 3; count++) await open();
  });

  it("one sweeps, and goes on to do so", async () => {
    expect(holders()).toEqual([0]);
    await world.pass(leaseMs * 4);
    expect(holders()).toEqual([0]);
    expect(nodes.flatMap(({ stages }) => stages)).toEqual([]);
    await closeAll();
  });

  it("another sweeps soon after the one that is stopped", async () => {
    await world.done((nodes[0] as JetStreamNode).store.close());
    await world.pass(renewMs);
    expect(holders()).toHaveLength(1);
    expect(holders()).not.toContain(0);
    await closeAll();
  });

  it("one that is patient sweeps only where no other wants to", async () => {
    const patient = world.open(undefined, { isPatient: true });
    nodes.push(patient);
    await world.done((nodes[0] as JetStreamNode).store.close());
    await world.pass(leaseMs * 2);
    expect(patient.store.holdsSweepLease()).toBe(false);
    for (const { store } of nodes.slice(1, 3)) await world.done(store.close());
    await world.pass(renewMs);
    expect(patient.store.holdsSweepLease()).toBe(false);
    await world.pass(leaseMs + renewMs);
    expect(patient.store.holdsSweepLease()).toBe(true);
    await closeAll();
  });

  it("another sweeps once the lease of one that is cut off has run out, and never both", async () => {
    const [first] = nodes as [JetStreamNode];
    first.connection.cutOff();
    for (let passedMs = 0; passedMs < leaseMs + 2 * renewMs; passedMs += 250) {
      await world.pass(250);
      expect(holders().length).toBeLessThan(2);
    }
    const next = String(holders());
    expect(next).toMatch(/^[12]$/);
    first.connection.reconnect();
    await world.pass(leaseMs * 2);
    expect(String(holders())).toBe(next);
    await closeAll();
  });

  it("one that hears no answer to what got in keeps it", async () => {
    world.nats.faults = { ...world.nats.faults, lostAnswers: 100 };
    await world.pass(renewMs);
    world.nats.faults = { ...world.nats.faults, lostAnswers: 0 };
    await world.pass(renewMs * 2);
    expect(holders()).toEqual([0]);
    await world.pass(leaseMs * 2);
    expect(holders()).toEqual([0]);
    await closeAll();
  });

  it("none sweeps while the stream of the lease has no leader, and one does after that", async () => {
    for (const { name } of world.nats.streams.values()) world.nats.leaderless.add(name);
    await world.pass(leaseMs + 250);
    expect(holders()).toEqual([]);
    world.nats.leaderless.clear();
    await world.pass(renewMs);
    expect(holders()).toHaveLength(1);
    await closeAll();
  });
});
