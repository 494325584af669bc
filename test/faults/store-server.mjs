// A server over a segment log in a program of its own, to be killed. Tells its parent what happens by messages.
import { mkdir } from "node:fs/promises";
import { pathToFileURL } from "node:url";

const [distPath = "", directory = "", settings = "{}"] = process.argv.slice(2);
/** @type {import("./store-server.ts").StoreServerOptions} */
const { segmentBytes, hasBreakableDisk } = JSON.parse(settings);
/** @param {string} path */
const load = (path) => import(pathToFileURL(`${distPath}/${path}`).href);
/** @type {typeof import("../../src/core/index.ts")} */
const { Broker } = await load("index.js");
/** @type {typeof import("../../src/server/index.ts")} */
const { createServer } = await load("server/index.js");
/** @type {typeof import("../../src/stores/segment-log/index.ts")} */
const { NodeDirectory, SegmentLogStore, openSegmentLogStore } = await load(
  "stores/segment-log/index.js",
);

let isBroken = false;

/** @param {import("../../src/stores/segment-log/index.ts").StoreFile} file */
function breakable(file) {
  return new Proxy(file, {
    get(target, name) {
      if (name === "sync" && isBroken)
        return () => Promise.reject(Object.assign(new Error("EIO: broken"), { code: "EIO" }));
      /** @type {unknown} */
      const member = Reflect.get(target, name);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

/** A disk whose syncs fail from the moment that the parent says so. */
class BreakableDirectory extends NodeDirectory {
  /**
   * @override
   * @param {string} name
   */
  async create(name) {
    return breakable(await super.create(name));
  }

  /**
   * @override
   * @param {string} name
   */
  async open(name) {
    return breakable(await super.open(name));
  }
}

/** @param {import("./store-server.ts").ServerMessage} message */
const tell = (message) => process.send?.(message);
/**
 * @param {unknown} error
 * @param {{ readonly stage: string }} context
 */
const onError = (error, { stage }) => {
  const { stack, cause } = /** @type {Error} */ (error);
  tell({ kind: "error", text: `${stage}: ${stack} ${cause === undefined ? "" : String(cause)}` });
};

async function openStore() {
  if (!hasBreakableDisk) return await openSegmentLogStore(directory, { segmentBytes, onError });
  await mkdir(directory, { recursive: true });
  const breakableDirectory = new BreakableDirectory(directory);
  return await SegmentLogStore.open({ directory: breakableDirectory, segmentBytes, onError });
}

process.on("disconnect", () => process.exit());
process.on("message", () => {
  isBroken = true;
  tell({ kind: "broken" });
});
tell({ kind: "opening" });
const broker = new Broker({ store: await openStore(), onError });
await broker.start();
const secret = new TextEncoder().encode("a secret of tests, of 32 bytes or more");
const server = await createServer({ broker, keys: [{ kind: "hmac", secret }] });
tell({ kind: "listening", url: server.url });
