// A node over the JetStream store in a program of its own, to be killed and frozen. Tells its parent by messages.
import { pathToFileURL } from "node:url";

process.on("disconnect", () => process.exit());

const [settings = "{}"] = process.argv.slice(2);
/** @type {import("./cluster-node.ts").ClusterNodeOptions} */
const { distPath, connection, storeName, replicas } = JSON.parse(settings);
/** @param {string} path */
const load = (path) => import(pathToFileURL(`${distPath}/${path}`).href);
/** @type {typeof import("../../src/core/index.ts")} */
const { Broker } = await load("index.js");
/** @type {typeof import("../../src/server/index.ts")} */
const { createServer } = await load("server/index.js");
/** @type {typeof import("../../src/stores/jetstream/index.ts")} */
const { openJetStreamStore } = await load("stores/jetstream/index.js");

/** @param {import("./cluster-node.ts").NodeMessage} message */
const tell = (message) => process.send?.(message);
/**
 * @param {unknown} error
 * @param {{ readonly stage: string }} context
 */
const onError = (error, { stage }) => tell({ kind: "error", text: `${stage}: ${String(error)}` });

const store = await openJetStreamStore({
  ...{ name: storeName, onError, connection },
  create: { streamCount: 2, replicas, streamBytesMax: 2 ** 30 },
});
const broker = new Broker({ store, onError });
await broker.start();
const secret = new TextEncoder().encode("a secret of tests, of 32 bytes or more");
const server = await createServer({ broker, keys: [{ kind: "hmac", secret }], heartbeatMs: 2_000 });
tell({ kind: "listening", url: server.url });
