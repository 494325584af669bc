// Memory of idle connections: of our server, each with one subscription that has read all there is, and of a
// server of bare `ws`. The server is a program of its own; what its clients hold is not measured.
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { WebSocket } from "ws";
import { encodeFrame, encodeMessage } from "../dist/protocol/frame.js";
import { median, formatSpread, medianRatio } from "./report.mjs";

const atOnce = 100;
const bytesMax = 10 * 1024;
// What is made once, by the first connections of all, is not the share of any: compiled code above all.
const warmUpCount = 500;
const units = { settled: "settledBytes", resident: "residentBytes", heap: "heapBytes" };

/** Until the server says that everything was read: the connection is idle from then on. */
async function open({ port, token }) {
  const path = token === undefined ? "" : "/v1/socket";
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, ["jobwire.v1.json"], {
    perMessageDeflate: false,
  });
  await once(socket, "open");
  if (token === undefined) return socket;
  const subscription = { id: 1, process: "p", channel: "out", after: "start", credit: 1 << 20 };
  const messages = [
    { kind: "hello", token },
    { kind: "subscribe", ...subscription },
  ];
  socket.send(encodeFrame("json", messages.map(encodeMessage)));
  await new Promise((resolve) => {
    socket.on("message", (data) => String(data).includes('"subscribed"') && resolve());
  });
  return socket;
}

async function openMany(server, count) {
  const sockets = [];
  for (let from = 0; from < count; from += atOnce) {
    const length = Math.min(atOnce, count - from);
    sockets.push(...(await Promise.all(Array.from({ length }, () => open(server)))));
  }
  return sockets;
}

/** Bytes per connection, by what was measured. */
async function measure(kind, count) {
  const program = fileURLToPath(new URL("socket-server.mjs", import.meta.url));
  const child = fork(program, [kind], { execArgv: ["--expose-gc"] });
  const ask = async () => {
    child.send("measure");
    return (await once(child, "message"))[0];
  };
  try {
    const [server] = await once(child, "message");
    const warm = await openMany(server, warmUpCount);
    const before = await ask();
    const sockets = await openMany(server, count);
    const after = await ask();
    for (const socket of [...warm, ...sockets]) socket.terminate();
    return Object.fromEntries(
      Object.entries(units).map(([name, unit]) => [name, (after[unit] - before[unit]) / count]),
    );
  } finally {
    child.disconnect();
    await once(child, "exit");
  }
}

export async function benchSockets({ count = 2_000, rounds = 5 } = {}) {
  const measured = { ours: [], ws: [] };
  for (let round = 0; round < rounds; round++)
    for (const [kind, figures] of Object.entries(measured))
      figures.push(await measure(kind, count));
  const of = (kind, unit) => measured[kind].map((figures) => figures[unit]);
  const kibibytes = (bytes) => `${(bytes / 1024).toFixed(1)} KiB`;
  const ratio = (unit) => medianRatio(of("ours", unit), of("ws", unit));
  const row = (name, kind) => [
    name,
    ...Object.keys(units).map((unit) => formatSpread(of(kind, unit), kibibytes)),
  ];
  const table = {
    title: `Memory of ${count.toLocaleString("en")} idle connections, each, collected; ${rounds} rounds`,
    header: ["", "resident", "with the young generation", "heap and buffers"],
    rows: [
      row("jobwire, with a subscription", "ours"),
      row("ws, bare", "ws"),
      ["ratio", ...Object.keys(units).map((unit) => ratio(unit).toFixed(2))],
    ],
  };
  const settled = ratio("settled");
  const verdicts = [
    {
      target: "idle subscribed connection: at most 10 KiB resident",
      met: median(of("ours", "settled")) <= bytesMax,
    },
    {
      target: `idle subscribed connection: ${settled.toFixed(2)} × ws resident, at most 2`,
      met: settled <= 2,
    },
  ];
  return { tables: [table], figures: measured, verdicts };
}
