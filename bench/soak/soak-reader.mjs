// Readers of one channel, each of which checks everything that it gets: position n holds message n, and after n comes n + 1.
import { performance } from "node:perf_hooks";
import { WebSocket } from "ws";
import { connect } from "../wire/jobwire.mjs";

/** Of all readers together. */
export class SoakCounts {
  delivered = 0;
  missing = 0;
  repeated = 0;
  /** Something else than what stands at that position. */
  wrong = 0;
  /** Entries of which a gap was told. */
  skipped = 0;
  /** Gaps told to whom the trimming of the log may overtake, who begins at its oldest entry; … */
  gaps = 0;
  /** … to others who were behind by a good part of what the log keeps; … */
  overtaken = 0;
  /** … and what nobody should have been told: why, and between which positions. */
  unexpectedGaps = [];
  opened = 0;
  cut = 0;
  /** From a cut, or from being opened, until the next item. */
  longestPauseMs = 0;
}

/** Sockets of one client, which can be cut as a network does it. */
export class CuttableSockets {
  #open = new Set();

  get constructorOfSockets() {
    const open = this.#open;
    return class extends WebSocket {
      constructor(...given) {
        super(...given);
        open.add(this);
        this.on("close", () => open.delete(this));
      }
    };
  }

  cut() {
    for (const socket of this.#open) socket.terminate();
    return this.#open.size;
  }
}

export class SoakReader {
  #counts;
  #mayBeOvertaken;
  #keptEntries;
  #last;
  #cursor;
  #wire;
  #channel;
  #entries;
  #sockets = new CuttableSockets();
  #isOver = Promise.resolve();
  onEntries = () => undefined;
  failure;
  #awaySinceMs;

  /** `keptEntries` is how many the log keeps. */
  constructor(counts, { mayBeOvertaken = false, keptEntries }) {
    this.#counts = counts;
    this.#keptEntries = keptEntries;
    this.#mayBeOvertaken = mayBeOvertaken;
  }

  get last() {
    return this.#last ?? 0;
  }

  /** It has not got anything yet since it was opened or cut. */
  get isAway() {
    return this.#awaySinceMs !== undefined;
  }

  /** `from` is `start` or `now`; where it has been before, it goes on from its cursor. */
  open(address, topic, from) {
    this.#counts.opened++;
    this.#awaySinceMs = performance.now();
    this.#wire = connect(address, this.#sockets.constructorOfSockets);
    const options = this.#cursor === undefined ? { from } : { after: this.#cursor };
    this.#channel = this.#wire.process(topic).channel("out");
    this.#entries = this.#channel.entries(options);
    this.#isOver = this.#read(this.#entries).catch((error) => {
      this.failure = error;
      this.onEntries();
    });
  }

  cut() {
    const count = this.#sockets.cut();
    this.#counts.cut += count;
    if (count > 0) this.#awaySinceMs = performance.now();
  }

  async close() {
    this.#entries.close();
    await this.#isOver;
    await this.#wire.close();
    if (this.failure !== undefined) throw this.failure;
  }

  async #read(entries) {
    for await (const item of entries.items()) {
      this.#noteReturn();
      if (item.kind === "gap") await this.#takeGap(item);
      else for (const entry of item.entries) this.#take(entry);
      this.onEntries();
    }
  }

  #noteReturn() {
    if (this.#awaySinceMs === undefined) return;
    const pauseMs = performance.now() - this.#awaySinceMs;
    this.#counts.longestPauseMs = Math.max(this.#counts.longestPauseMs, pauseMs);
    this.#awaySinceMs = undefined;
  }

  async #takeGap({ reason, first, cursor }) {
    this.#counts.skipped += first - 1 - this.last;
    // Not by time: a writer that was away writes all that it owes at once.
    const { last } = await this.#channel.get();
    const isBehind = last - this.last > this.#keptEntries / 2;
    if (this.#mayBeOvertaken) this.#counts.gaps++;
    else if (reason === "trimmed" && isBehind) this.#counts.overtaken++;
    else this.#counts.unexpectedGaps.push(`${reason}: ${this.last} to ${first}`);
    this.#last = first - 1;
    this.#cursor = cursor;
  }

  #take({ position, payload, cursor }) {
    this.#counts.delivered++;
    const expected = (this.#last ?? position - 1) + 1;
    if (position > expected) this.#counts.missing += position - expected;
    else if (position < expected) this.#counts.repeated++;
    const view = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
    if (view.readDoubleLE(0) !== position) this.#counts.wrong++;
    this.#last = position;
    this.#cursor = cursor;
  }
}
