// A bare server of node:http that takes what ours takes, a payload or entries as JSON, keeps it in an array and answers
// with the place: the least that any of them does.
import { once } from "node:events";
import { createServer } from "node:http";

export async function startServer() {
  let kept = [];
  const server = createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      if (request.method === "GET") return void response.end(String(kept.length));
      if (request.method === "DELETE") {
        kept = [];
        return void response.end();
      }
      const body = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
      const isBatch = request.url.endsWith("/batch");
      const payloads = isBatch
        ? JSON.parse(body).entries.map(({ payload }) => Buffer.from(payload, "base64"))
        : [body];
      const entries = payloads.map((payload) => ({ position: kept.push(payload), sequence: 1 }));
      const answer = JSON.stringify({ entries, cursor: `none.${kept.length}` });
      response.writeHead(201, {
        "content-type": "application/json; charset=utf-8",
        "content-length": Buffer.byteLength(answer),
      });
      response.end(answer);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { url: `http://127.0.0.1:${server.address().port}`, token: "none" };
}

export async function createTopic() {}

export async function countEntries({ url }) {
  return Number(await (await fetch(url)).text());
}

export async function removeTopic({ url }) {
  await fetch(url, { method: "DELETE" });
}
