// Run as a program of its own: posts over HTTP as it is told by messages, as fast as it is answered.
import { performance } from "node:perf_hooks";
import { encodeBatch, encodeRequest, HttpConnection } from "./wire/http-connection.mjs";
import { serveTasks } from "./tasks.mjs";

const text = (bytes) => ({ type: "text/plain", body: Buffer.alloc(bytes, 120) });

/** Requests that were answered with 201; any other answer ends it. */
async function post({ address, path, entries, bytes, connections, forMs }) {
  const content = entries === 1 ? text(bytes) : encodeBatch(entries, bytes);
  const request = encodeRequest(address, entries === 1 ? path : `${path}/batch`, content);
  const open = () => HttpConnection.open(address.url);
  const opened = await Promise.all(Array.from({ length: connections }, open));
  let count = 0;
  const startMs = performance.now();
  const loop = async (connection) => {
    while (performance.now() < startMs + forMs) {
      const { status, body } = await connection.send(request);
      if (status !== 201) throw new Error(`answered ${status}: ${body.toString("utf8")}`);
      count++;
    }
  };
  await Promise.all(opened.map(loop));
  const seconds = (performance.now() - startMs) / 1e3;
  for (const connection of opened) connection.close();
  return { count, seconds };
}

const work = { post };

serveTasks(work);
