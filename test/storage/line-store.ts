import { crc32 } from "node:zlib";
import { StoreRejection } from "../../src/core/store.ts";
import type { Batch, Store } from "../../src/core/store.ts";
import { MemoryStore } from "../../src/stores/memory/memory-store.ts";
import type { StoreDirectory, StoreFile } from "../../src/stores/segment-log/store-directory.ts";
import type { TestedStore } from "./tested-store.ts";

/** One mistake each, that histories have to find. */
export const lineStoreBugs = [
  "acknowledges before the sync",
  "shows before the sync",
  "never syncs the names",
  "removes the old log before the name of the new one is synced",
  "renames the new log before it is synced",
  "shows at start what it has not synced",
  "takes a torn tail for a line",
  "loses the rest of a short write",
  "syncs again after a failed sync",
  "writes on after a failed write",
  "forgets deletes in a compaction",
] as const;

export type LineStoreBug = (typeof lineStoreBugs)[number];

const changes = [
  "createRecord",
  "updateRecord",
  "deleteRecord",
  "append",
  "trim",
  "removeLog",
] as const;
type Change = (typeof changes)[number];
type Call = (...args: unknown[]) => Promise<unknown>;

/**
 * The least that keeps the contract of a durable store: one file, one line for each change, each written and
 * synced before the next is begun. Histories have to accept it, and to find each of its bugs.
 */
export async function openLineStore(
  directory: StoreDirectory,
  bug?: LineStoreBug,
): Promise<TestedStore> {
  const log = new LineLog(directory, bug);
  /** With all changes that were asked for: decides about the next one. */
  const asked = new MemoryStore();
  /** With all changes that are on the disk: answers reads. */
  const durable = bug === "shows before the sync" ? asked : new MemoryStore();
  const replay = async (change: Change, args: readonly unknown[]): Promise<void> => {
    await callOf(asked, change)(...args);
    if (durable !== asked) await callOf(durable, change)(...args);
  };
  for (const line of await log.open()) {
    const [change, ...args] = decodeLine(line);
    await replay(change, args);
  }
  let queue: Promise<unknown> = Promise.resolve();
  const inOrder = <Value>(act: () => Promise<Value>): Promise<Value> => {
    const result = queue.then(act);
    queue = result.catch(() => undefined);
    return result;
  };
  const change = (name: Change): Call => {
    return (...args) =>
      inOrder(async () => {
        log.requireUsable();
        const result = await callOf(asked, name)(...args);
        await log.append(encodeLine(name, args));
        if (durable !== asked) await callOf(durable, name)(...args);
        return result;
      });
  };
  const calls: Readonly<Record<string, unknown>> = {
    manifest: { ...durable.manifest, durable: true, shared: false },
    ...Object.fromEntries(changes.map((name) => [name, change(name)])),
    checkpoint: () => inOrder(() => log.rewrite()),
    compact: () => inOrder(() => log.rewrite()),
    close: () => inOrder(() => durable.close()),
  };
  return new Proxy(durable as unknown as TestedStore, {
    get: (target, name: keyof TestedStore) => {
      if (name in calls) return calls[name];
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? (value as Call).bind(target) : value;
    },
  });
}

function callOf(store: Store, change: Change): Call {
  return (store[change] as unknown as Call).bind(store);
}

/** The lines in their file. */
class LineLog {
  readonly #directory: StoreDirectory;
  readonly #bug: LineStoreBug | undefined;
  #lines: string[] = [];
  #number = 0;
  #file: StoreFile | undefined;
  #end = 0;
  #failure: unknown;

  constructor(directory: StoreDirectory, bug: LineStoreBug | undefined) {
    this.#directory = directory;
    this.#bug = bug;
  }

  /** Reads the newest log, and writes it anew: only what is then synced is sure. */
  async open(): Promise<readonly string[]> {
    const names = await this.#directory.list();
    for (const name of names.filter((one) => one.endsWith(".new")))
      await this.#directory.remove(name);
    const numbers = names.filter((one) => !one.endsWith(".new")).map(Number);
    this.#number = Math.max(0, ...numbers);
    if (this.#number > 0) await this.#read(String(this.#number));
    if (this.#file === undefined || this.#bug !== "shows at start what it has not synced")
      await this.rewrite();
    for (const number of numbers)
      if (number < this.#number && names.includes(String(number)))
        await this.#removeIfThere(String(number));
    return this.#lines;
  }

  requireUsable(): void {
    if (this.#failure !== undefined)
      throw new StoreRejection("failed", "the log has failed", { cause: this.#failure });
  }

  async append(line: string): Promise<void> {
    try {
      await this.#write(line);
      if (this.#bug !== "acknowledges before the sync") await this.#sync();
      this.#lines.push(line);
    } catch (error) {
      if (this.#bug !== "writes on after a failed write") this.#failure = error;
      throw new StoreRejection("failed", "the log has failed", { cause: error });
    }
  }

  /** Puts a new file in the place of the log. Where that fails nobody knows which of the two will be found. */
  async rewrite(): Promise<void> {
    this.requireUsable();
    try {
      await this.#replaceFile(String(this.#number + 1));
    } catch (error) {
      this.#failure = error;
      throw new StoreRejection("failed", "the log has failed", { cause: error });
    }
  }

  async #replaceFile(name: string): Promise<void> {
    const old = this.#file;
    const removeOld = async (): Promise<void> => {
      if (old !== undefined) await this.#directory.remove(String(this.#number));
    };
    const removesEarly =
      this.#bug === "removes the old log before the name of the new one is synced";
    this.#file = await this.#directory.create(`${name}.new`);
    this.#end = 0;
    const forgets = this.#bug === "forgets deletes in a compaction";
    const lines = this.#lines.filter((line) => !(forgets && line.includes("deleteRecord")));
    await this.#write(lines.join(""));
    if (this.#bug !== "renames the new log before it is synced") await this.#file.sync();
    await this.#directory.rename(`${name}.new`, name);
    if (removesEarly) await removeOld();
    if (this.#bug !== "never syncs the names") await this.#directory.sync();
    if (!removesEarly) await removeOld();
    this.#number = Number(name);
    await old?.close();
  }

  async #removeIfThere(name: string): Promise<void> {
    if ((await this.#directory.list()).includes(name)) await this.#directory.remove(name);
  }

  async #read(name: string): Promise<void> {
    this.#file = await this.#directory.open(name);
    const bytes = Buffer.alloc(await this.#file.size());
    await this.#file.read(bytes, 0);
    for (const line of bytes.toString("latin1").split(/(?<=\n)/)) {
      const isWhole = line.endsWith("\n") && checksumOf(line.slice(9)) === line.slice(0, 8);
      if (!isWhole && (this.#bug !== "takes a torn tail for a line" || line === "")) break;
      this.#lines.push(line);
      this.#end += line.length;
    }
  }

  async #write(text: string): Promise<void> {
    let bytes = Buffer.from(text, "latin1");
    while (bytes.byteLength > 0) {
      const count = await (this.#file as StoreFile).write([bytes], this.#end);
      this.#end += this.#bug === "loses the rest of a short write" ? bytes.byteLength : count;
      if (this.#bug === "loses the rest of a short write") return;
      bytes = bytes.subarray(count);
    }
  }

  async #sync(): Promise<void> {
    try {
      await this.#file?.sync();
    } catch (error) {
      if (this.#bug !== "syncs again after a failed sync") throw error;
      await this.#file?.sync();
    }
  }
}

function checksumOf(text: string): string {
  return crc32(Buffer.from(text, "latin1")).toString(16).padStart(8, "0");
}

/** One change as a line of ASCII. */
function encodeLine(name: Change, args: readonly unknown[]): string {
  const json = JSON.stringify([name, ...(name === "append" ? mapPayloads(args, encode) : args)]);
  const escape = (c: string): string => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`;
  const text = `${json.replace(/[\u007f-\uffff]/g, escape)}\n`;
  return `${checksumOf(text)} ${text}`;
}

function decodeLine(line: string): [Change, ...unknown[]] {
  const [name, ...args] = JSON.parse(line.slice(9)) as [Change, ...unknown[]];
  return [name, ...(name === "append" ? mapPayloads(args, decode) : args)];
}

const encode = (payload: unknown): unknown => Buffer.from(payload as Uint8Array).toString("base64");
const decode = (payload: unknown): unknown => Buffer.from(payload as string, "base64");

/** The arguments of an append, with other payloads. */
function mapPayloads(
  [key, batch, expected]: readonly unknown[],
  map: (payload: unknown) => unknown,
): readonly unknown[] {
  const { entries, ...rest } = batch as Batch;
  const mapped = entries.map((entry) => ({ ...entry, payload: map(entry.payload) }));
  // JSON has null for an argument that was left out.
  return [key, { ...rest, entries: mapped }, expected ?? undefined];
}
