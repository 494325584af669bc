// A server of one kind with those who use it, each a program of its own.
import { fork } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { kinds, programPath } from "./kinds.mjs";

const patienceMs = 60_000;

/** A program that does what it is told, one thing at a time. */
export class Client {
  #child;
  #answer;

  constructor(module, program = "client-program.mjs") {
    this.#child = fork(programPath(program), [module], { serialization: "advanced" });
    this.#child.on("message", (message) => this.#answer?.(message));
    this.#child.on("exit", (code) => this.#answer?.({ error: `the program ended with ${code}` }));
  }

  async do(task, given) {
    const answered = new Promise((resolve) => (this.#answer = resolve));
    this.#child.send({ task, ...given });
    const { result, error } = await answered;
    this.#answer = undefined;
    if (error !== undefined) throw new Error(`${task}: ${error}`);
    return result;
  }

  async stop() {
    if (this.#child.exitCode !== null) return;
    this.#child.disconnect();
    await once(this.#child, "exit");
  }
}

/** The program of a server, and where it is reached. */
export class Server {
  #child;
  address;
  /** Of its files. */
  directory;

  static async start({ module, options }) {
    const server = new Server();
    const settings = [module, JSON.stringify(options)];
    server.#child = fork(programPath("server-program.mjs"), settings, {
      execArgv: ["--expose-gc"],
    });
    Object.assign(server, await server.#nextAnswer());
    return server;
  }

  /** What it says of itself: its `memory` after a collection, its `usage` as it is, its `failures`. One at a time. */
  async ask(question) {
    this.#child.send(question);
    return await this.#nextAnswer();
  }

  /** Resident bytes. Where the system tells them nothing waits for the server, which may be busy. */
  async residentBytes() {
    const status = await readFile(`/proc/${this.#child.pid}/status`, "utf8").catch(() => "");
    const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
    return kibibytes === undefined ? (await this.ask("usage")).rss : Number(kibibytes) * 1024;
  }

  get pid() {
    return this.#child.pid;
  }

  #nextAnswer() {
    return new Promise((resolve, reject) => {
      const end = () => reject(new Error("the program of the server has ended"));
      this.#child.once("exit", end);
      this.#child.once("message", (answer) => {
        this.#child.off("exit", end);
        resolve(answer);
      });
    });
  }

  async stop() {
    if (this.#child.exitCode !== null) return;
    this.#child.disconnect();
    await once(this.#child, "exit");
  }
}

export class Contestant {
  name;
  #server;
  #publisher;
  #reader;
  #topics = 0;
  /** Messages that readers lacked or got twice, over all that was measured. */
  missing = 0;
  repeated = 0;
  delivered = 0;

  static async start(kind) {
    const contestant = new Contestant();
    contestant.name = kind.name;
    contestant.#server = await Server.start(kind);
    contestant.#publisher = new Client(kind.module);
    contestant.#reader = new Client(kind.module);
    return contestant;
  }

  async stop() {
    await Promise.all([this.#publisher.stop(), this.#reader.stop()]);
    await this.#server.stop();
  }

  /** Per second. `publishing` says how many bytes, how many unacknowledged, for how long or how many. */
  async publish(publishing) {
    return await this.#withTopic(async (place) => {
      const { count, startMs, endMs } = await this.#publisher.do("publish", {
        ...place,
        ...publishing,
      });
      return (count / (endMs - startMs)) * 1000;
    });
  }

  /** Deliveries per second, to all readers together. */
  async deliver(readers, publishing) {
    return await this.#withTopic(async (place) => {
      await this.#reader.do("openReaders", { ...place, count: readers });
      const { count, startMs } = await this.#publisher.do("publish", { ...place, ...publishing });
      const { endMs, delivered } = await this.#finish(count);
      return (delivered / (endMs - startMs)) * 1000;
    });
  }

  /** Milliseconds from the planned moment of each message to its reader. */
  async delay(publishing) {
    return await this.#withTopic(async (place) => {
      await this.#reader.do("openReaders", { ...place, count: 1 });
      const { count } = await this.#publisher.do("publishAtRate", { ...place, ...publishing });
      return (await this.#finish(count)).latencies;
    });
  }

  /** Milliseconds in which somebody who comes later gets the whole log, from when it begins to connect. */
  async replay(publishing) {
    return await this.#withTopic(async (place) => {
      const { count } = await this.#publisher.do("publish", { ...place, ...publishing });
      const { startMs } = await this.#reader.do("openLateReader", { ...place, last: count });
      return (await this.#finish(count)).endMs - startMs;
    });
  }

  /** What was measured is taken away: a log of gigabytes would be part of what is measured next. */
  async #withTopic(measure) {
    const place = { address: this.#server.address, topic: `t${(this.#topics += 1)}` };
    await this.#publisher.do("createTopic", place);
    const figure = await measure(place);
    await this.#publisher.do("removeTopic", place);
    return figure;
  }

  async #finish(last) {
    const finished = await this.#reader.do("finishReaders", { last, patienceMs });
    this.missing += finished.missing;
    this.repeated += finished.repeated;
    this.delivered += finished.delivered;
    return finished;
  }
}

/** Kinds of which everything is on this machine; the others are named. */
export function findKinds(wanted = kinds) {
  const missingPeers = [];
  const found = wanted.filter(({ name, missing }) => {
    const what = missing?.();
    if (what !== undefined) missingPeers.push(`${name}: ${what}`);
    return what === undefined;
  });
  return { found, missingPeers };
}

/** Whether readers of ours got every message once; what peers promise is theirs. */
export function judgeCounts(contestants) {
  const ours = contestants.filter(({ name }) => name.startsWith("jobwire"));
  const sum = (unit) => ours.reduce((total, contestant) => total + contestant[unit], 0);
  const [delivered, missing, repeated] = ["delivered", "missing", "repeated"].map(sum);
  const target = `of ${delivered.toLocaleString("en")} deliveries ${missing} missing, ${repeated} repeated`;
  const isExact = missing === 0 && repeated === 0;
  return { target, met: isExact, isExact };
}
