import type { ClusterNode } from "./cluster-node.ts";
import type { ClusterWorld } from "./cluster-world.ts";
import type { SimulatedNats } from "./simulated-nats.ts";

interface DisturbedWorld extends Pick<ClusterWorld, "random" | "mayBeStale" | "note"> {
  advance(ms: number): void;
}

/** Time that passes at once, at most. */
const passMs = 1_500;

/** What goes wrong with nodes, their connections and the leaders of streams, at random. */
export class ClusterDisturbance {
  readonly counts = { crashes: 0, cuts: 0, lateWrites: 0 };
  readonly #world: DisturbedWorld;
  readonly #nats: SimulatedNats;
  readonly #nodes: readonly ClusterNode[];

  constructor(world: DisturbedWorld, nats: SimulatedNats, nodes: readonly ClusterNode[]) {
    this.#world = world;
    this.#nats = nats;
    this.#nodes = nodes;
  }

  begin(): void {
    const { random } = this.#world;
    const oneOf = (...rates: number[]): number => rates[random(rates.length)] ?? 0;
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
    else if (what < 42) this.#disturbNode(what);
    else if (what < 48) this.#disturbStream(what);
  }

  #arriveLate(): void {
    if (!this.#nats.arriveLate()) return;
    this.counts.lateWrites++;
    this.#world.note("a late write arrives");
  }

  #disturbNode(what: number): void {
    const node = this.#nodes[this.#world.random(this.#nodes.length)];
    if (node === undefined || node.isDown) return;
    const { connection, name } = node;
    if (what === 35) {
      this.counts.crashes++;
      this.#world.note(`${name} crashes`);
      node.crash();
    } else if (what === 36 && node.isUp && !connection.isCutOff) {
      this.#world.note(`${name} is stopped`);
      node.stop().catch((error: unknown) => this.#world.note(`${name}: ${String(error)}`));
    } else if (what < 39 && !connection.isCutOff) {
      this.counts.cuts++;
      this.#world.note(`${name} is cut off`);
      connection.cutOff();
    } else {
      this.#world.note(`${name} reconnects`);
      connection.reconnect();
    }
  }

  #disturbStream(what: number): void {
    const { random, mayBeStale, note } = this.#world;
    const streams = [...this.#nats.streams.values()];
    const stream = streams[random(streams.length)];
    if (stream === undefined) return;
    const { leaderless, deposed } = this.#nats;
    const { name } = stream;
    if (what < 44) {
      if (leaderless.delete(name)) return;
      leaderless.add(name);
      note.call(this.#world, `${name} has no leader`);
    } else if (what < 46) {
      const isFull = stream.bytesMax === Infinity;
      stream.bytesMax = isFull ? stream.state.bytes : Infinity;
      note.call(this.#world, `${name} is full: ${isFull}`);
    } else if (mayBeStale && !deposed.delete(name)) {
      deposed.set(name, stream.changeCount);
      note.call(this.#world, `${name} has a deposed leader`);
    }
  }
}
