// Readers of one channel, each of which checks everything that it gets: position n holds message n, and after n comes n + 1.
import { WebSocket } from "ws";
import { connect } from "../wire/jobwire.mjs";

/** Of all readers together. */
export class SoakCounts {
  delivered = 0;
  missing = 0;
  repeated = 0;
  /** Something else than what stands at that position. */
  wrong = 0;
  /** That were told readers which the trimming of the log may overtake … */
  gaps = 0;
  /** … and what others were told: why, and between which positions. */
  unexpectedGaps = [];
  opened = 0;
  cut = 0;
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
  #last;
  #cursor;
  #wire;
  #entries;
  #sockets = new CuttableSockets();
  #isOver = Promise.resolve();
  onEntries = () => undefined;
  failure;

  constructor(counts, { mayBeOvertaken = false } = {}) {
    this.#counts = counts;
    this.#mayBeOvertaken = mayBeOvertaken;
  }

  get last() {
    return this.#last ?? 0;
  }

  /** `from` is `start` or `now`; where it has been before, it goes on from its cursor. */
  open(address, topic, from) {
    this.#counts.opened++;
    this.#wire = connect(address, this.#sockets.constructorOfSockets);
    const options = this.#cursor === undefined ? { from } : { after: this.#cursor };
    this.#entries = this.#wire.process(topic).channel("out").entries(options);
    this.#isOver = this.#read(this.#entries).catch((error) => {
      this.failure = error;
      this.onEntries();
    });
  }

  cut() {
    this.#counts.cut += this.#sockets.cut();
  }

  async close() {
    this.#entries.close();
    await this.#isOver;
    await this.#wire.close();
    if (this.failure !== undefined) throw this.failure;
  }

  async #read(entries) {
    for await (const item of entries.items()) {
      if (item.kind === "gap") this.#takeGap(item);
      else for (const entry of item.entries) this.#take(entry);
      this.onEntries();
    }
  }

  #takeGap({ reason, first, cursor }) {
    if (this.#mayBeOvertaken) this.#counts.gaps++;
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
