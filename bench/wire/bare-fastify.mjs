// The framework that our server stands on, with one route that does what `node-http` does and nothing else.
import fastify from "fastify";

export { countEntries, createTopic, removeTopic } from "./node-http.mjs";

export async function startServer() {
  let kept = [];
  const keep = (payload) => ({ position: kept.push(payload), sequence: 1 });
  const app = fastify();
  app.removeContentTypeParser("text/plain");
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  app.get("/", () => String(kept.length));
  app.delete("/", () => {
    kept = [];
    return "";
  });
  const path = "/v1/processes/:process/channels/:channel/entries";
  const answer = (reply, entries) =>
    reply.code(201).send({ entries, cursor: `none.${kept.length}` });
  app.post(path, async ({ body }, reply) => answer(reply, [keep(body)]));
  app.post(`${path}/batch`, async ({ body }, reply) =>
    answer(
      reply,
      body.entries.map(({ payload }) => keep(Buffer.from(payload, "base64"))),
    ),
  );
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  return { url, token: "none" };
}
