// The server that is attacked, in a process of its own, so that its memory is seen alone.
// Arguments: options of the broker and of the server, as JSON.
import { pino } from "pino";

const dist = new URL("../../../dist/", import.meta.url);
const { Broker, MemoryStore } = await import(new URL("index.js", dist).href);
const { AuditLog, createServer } = await import(new URL("server/index.js", dist).href);

const { limits, keys, serverLimits, stallMs } = JSON.parse(process.argv[2] ?? "{}");

/** @param {object} message */
function tell(message) {
  process.send?.(message);
}

const logger = pino({}, { write: (line) => tell({ line }) });
const clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  /** @param {number} ms @param {() => void} callback */
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return { cancel: () => clearTimeout(timer) };
  },
};
const audit = new AuditLog(
  (/** @type {object} */ line) => logger.warn({ audit: line }, "refused"),
  clock,
);
const broker = new Broker({
  store: new MemoryStore(),
  limits,
  onError: (/** @type {unknown} */ error) => logger.error({ err: error }, "broker"),
  onAudit: (/** @type {object} */ event) => audit.note(event),
});
await broker.start();
const server = await createServer({
  broker,
  logger,
  audit,
  limits: serverLimits,
  stallMs,
  keys: keys.map((/** @type {{ kind: string, secret: string }} */ key) =>
    key.kind === "hmac" ? { ...key, secret: Buffer.from(key.secret, "base64") } : key,
  ),
});

/** What is reachable, whatever the collector has not come to yet. */
function heldBytes() {
  // Twice: what the first round lets go of, the second gives back.
  globalThis.gc?.();
  globalThis.gc?.();
  const { external, heapUsed } = process.memoryUsage();
  return external + heapUsed;
}

process.on("message", (question) => tell({ question, heldBytes: heldBytes() }));
process.on("disconnect", () => process.exit());
tell({ url: server.url });
