// Run as a program of its own: writes numbered lines into the channel at a fixed rate, whether or not those before
// have been acknowledged. Told how many, and how fast; says when it begins and when all are acknowledged.
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { WebSocket } from "ws";
import { Jobwire } from "../../dist/client/node.js";

const [url, token] = process.argv.slice(2);
// What cannot be sent yet waits here: the rate is that of the clock, not that of the server.
const waiting = { unackedBytes: 4 * 2 ** 20, waitingBytesMax: 2 ** 30 };
const wire = new Jobwire({ url, token, webSocket: WebSocket, ...waiting });
const channel = wire.process("flood").channel("stdout");
/** Of all times that it was told to write. */
let last = 0;

async function write({ count, perSecond }) {
  const startMs = performance.now();
  let written = 0;
  let settled = Promise.resolve();
  while (written < count) {
    const due = Math.min(count, Math.ceil(((performance.now() - startMs) * perSecond) / 1000));
    const payloads = [];
    for (; written < due; written++) payloads.push(lineOf(++last));
    const sent = channel.sendMany(payloads);
    settled = Promise.all([settled, sent]);
    await delay(1);
  }
  const writtenMs = performance.now() - startMs;
  await settled;
  return { count, last, writtenMs, settledMs: performance.now() - startMs };
}

/** As long as lines of logs are, every tenth with a colour. */
function lineOf(n) {
  const text = `line ${n} step loss=0.3141592 rate=2.71e-4 tokens=123456`;
  return n % 10 === 0 ? `\u001b[33m${text}\u001b[0m\n` : `${text}\n`;
}

process.on("disconnect", () => process.exit());
process.on("message", (told) => {
  write(told).then(
    (result) => process.send({ result }),
    (error) => process.send({ error: String(error?.stack ?? error) }),
  );
});
process.send({ result: "ready" });
