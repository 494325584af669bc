import type { ClusterNode } from "./cluster-node.ts";
import type { ClusterWorld } from "./cluster-world.ts";
import type { SimulatedNats } from "./simulated-nats.ts";
import type { SimulatedStream } from "./simulated-stream.ts";

interface DisturbedWorld extends Pick<ClusterWorld, "random" | "mayBeStale" | "note"> {
  advance(ms: number): void;
}

/** Time that passes at once, at most. */
const passMs = 1_500;
/** Of 1,000 steps so many end a trouble: most of the time there is none, or nothing would ever be written. */
const recoveryRate = 15;

/** What goes wrong with nodes, their connections and the leaders of streams, at random. */
export class ClusterDisturbance {
  readonly counts = { crashes: 0, cuts: 0, lateWrites: 0 };
  readonly #world: DisturbedWorld;
  readonly #nats: SimulatedNats;
  readonly #nodes: readonly ClusterNode[];
  /** Of 1,000 steps so many disturb a node or a stream. */
  #rates = { nodes: 0, streams: 0 };

  constructor(world: DisturbedWorld, nats: SimulatedNats, nodes: readonly ClusterNode[]) {
    this.#world = world;
    this.#nats = nats;
    this.#nodes = nodes;
  }

  begin(): void {
    const { random } = this.#world;
    const oneOf = (...rates: number[]): number => rates[random(rates.length)] ?? 0;
    this.#rates = { nodes: oneOf(0, 2, 8), streams: oneOf(0, 2, 8) };
    this.#nats.faults = {
      lostRequests: oneOf(0, 1, 4),
      lostAnswers: oneOf(0, 2, 8),
      lateWrites: oneOf(0, 2, 6),
      lostTails: oneOf(0, 5, 25),
      slowTails: oneOf(0, 5, 25),
    };
  }

  /** Everything is well again. */
  end(): void {
    this.#nats.heal();
    for (const { connection, isDown } of this.#nodes) if (!isDown) connection.reconnect();
  }

  step(): void {
    const { random } = this.#world;
    const what = random(1_000);
    if (what < 25) this.#world.advance(random(passMs));
    else if (what < 35) this.#arriveLate();
    else if (what < 35 + this.#rates.nodes) this.#disturbNode();
    else if (what < 60 && what >= 60 - this.#rates.streams) this.#disturbStream();
    else if (what < 60 + recoveryRate) this.#recover();
  }

  #arriveLate(): void {
    if (!this.#nats.arriveLate()) return;
    this.counts.lateWrites++;
    this.#world.note("a late write arrives");
  }

  #disturbNode(): void {
    const { random } = this.#world;
    const node = this.#nodes[random(this.#nodes.length)];
    if (node === undefined || node.isDown || node.connection.isCutOff) return;
    const { connection, name } = node;
    const what = random(6);
    if (what === 0) {
      this.counts.crashes++;
      this.#world.note(`${name} crashes`);
      node.crash();
    } else if (what === 1 && node.isUp) {
      this.#world.note(`${name} is stopped`);
      node.stop().catch((error: unknown) => this.#world.note(`${name}: ${String(error)}`));
    } else if (what < 4) {
      this.counts.cuts++;
      this.#world.note(`${name} is cut off`);
      connection.cutOff();
    } else {
      this.#world.note(`${name} reconnects`);
      connection.reconnect();
    }
  }

  #disturbStream(): void {
    const { random, mayBeStale } = this.#world;
    const stream = this.#pickStream();
    const { leaderless, deposed } = this.#nats;
    const { name } = stream;
    const what = random(3);
    if (what === 0) {
      leaderless.add(name);
      this.#world.note(`${name} has no leader`);
    } else if (what === 1) {
      stream.bytesMax = stream.state.bytes;
      this.#world.note(`${name} is full`);
    } else if (mayBeStale && !deposed.has(name)) {
      deposed.set(name, stream.changeCount);
      this.#world.note(`${name} has a deposed leader`);
    }
  }

  /** What is wrong with one of the streams and with one of the nodes is over. */
  #recover(): void {
    const { random } = this.#world;
    const stream = this.#pickStream();
    if (this.#nats.leaderless.delete(stream.name)) stream.leader++;
    this.#nats.deposed.delete(stream.name);
    stream.bytesMax = Infinity;
    const node = this.#nodes[random(this.#nodes.length)];
    if (node === undefined || node.isDown || !node.connection.isCutOff) return;
    this.#world.note(`${node.name} reconnects`);
    node.connection.reconnect();
  }

  #pickStream(): SimulatedStream {
    const streams = [...this.#nats.streams.values()];
    return streams[this.#world.random(streams.length)] as SimulatedStream;
  }
}
