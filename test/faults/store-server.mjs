// A server over a segment log in a program of its own, to be killed. Tells its parent what happens by messages.
import { once } from "node:events";
import { pathToFileURL } from "node:url";
import { createFailingDirectory } from "./failing-directory.mjs";

/** Loading takes the longest: it may be done while another server still has the store. */
const mayOpen = once(process, "message");
process.on("disconnect", () => process.exit());

const [directory = "", settings = "{}"] = process.argv.slice(2);
/** @type {import("./store-server.ts").StoreServerOptions} */
const { distPath, segmentBytes, fault, heartbeatMs } = JSON.parse(settings);
/** @param {string} path */
const load = (path) => import(pathToFileURL(`${distPath}/${path}`).href);
/** @type {typeof import("../../src/core/index.ts")} */
const { Broker } = await load("index.js");
/** @type {typeof import("../../src/server/index.ts")} */
const { createServer } = await load("server/index.js");
/** @type {typeof import("../../src/stores/segment-log/index.ts")} */
const { NodeDirectory, SegmentLogStore, backUpStore, openSegmentLogStore } = await load(
  "stores/segment-log/index.js",
);

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

await mayOpen;
tell({ kind: "opening" });
const store =
  fault === undefined
    ? await openSegmentLogStore(directory, { segmentBytes, onError })
    : await SegmentLogStore.open({
        ...{ segmentBytes, onError },
        directory: createFailingDirectory(NodeDirectory, directory, fault),
      });
const broker = new Broker({ store, onError });
await broker.start();
const secret = new TextEncoder().encode("a secret of tests, of 32 bytes or more");
const server = await createServer({
  ...{ broker, keys: [{ kind: "hmac", secret }] },
  ...(heartbeatMs === undefined ? {} : { heartbeatMs }),
  backUp: (target) => backUpStore(store, directory, target),
});
tell({ kind: "listening", url: server.url });
