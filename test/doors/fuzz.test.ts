import { Agent, request as httpRequest } from "node:http";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { errorCodes } from "../../src/core/errors.ts";
import type { Route } from "../../src/server/route-table.ts";
import { runCount } from "../run-count.ts";
import { ServerWorld } from "../server-world.ts";

interface FuzzedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | undefined;
}

const agent = new Agent({ keepAlive: true, maxSockets: 16 });
const failures: unknown[] = [];
let world: ServerWorld;
let tokens: string[];
let bearers: string[];

beforeAll(async () => {
  const logger = createLogger();
  world = await ServerWorld.create({ logger: logger as never, limits: { maxLogBytes: 1_000_000 } });
  const exp = Math.floor(Date.now() / 1000) + 36_000;
  tokens = await Promise.all([
    world.token("sub", { exp }),
    world.token("exe", { exp }),
    world.token("root", { exp, scope: "admin" }),
    world.token("sub", { exp, channels: ["out"], ops: ["read"] }),
  ]);
});

afterAll(async () => {
  agent.destroy();
  await world[Symbol.asyncDispose]();
});

/** Whatever is logged as a failure is one. */
function createLogger(): Record<string, unknown> {
  const logger: Record<string, unknown> = { level: "info" };
  for (const level of ["trace", "debug", "info", "warn", "silent"]) logger[level] = () => undefined;
  for (const level of ["error", "fatal"])
    logger[level] = (...told: unknown[]) => failures.push(told);
  logger.child = () => logger;
  return logger;
}

/** Again and again: what is sent closes and deletes it. */
async function setUp(): Promise<void> {
  await world.request("sub", "DELETE", "/v1/processes/p");
  await world.request("sub", "DELETE", "/v1/processes/q");
  const channels = [{ name: "out", whenfull: "trim", maxlogentries: 50 }, { name: "in" }];
  const json = { id: "p", executorid: "exe", executors: ["candidate"], channels };
  const created = await world.request("sub", "POST", "/v1/processes", { json });
  expect(created.status).toBe(201);
  const share = { json: { ops: ["read", "append", "cancel"] } };
  const shared = await world.request("sub", "POST", "/v1/processes/p/grants", share);
  const { grant } = (await shared.json()) as { grant: string };
  bearers = [...tokens, grant, "not-a-token", ""];
}

const nasty = fc.constantFrom(
  "",
  ".",
  "..",
  "../../etc/passwd",
  "%2e%2e%2f",
  "%00",
  "%",
  "%ff%fe",
  "a\u2028b",
  "é",
  "'\"<script>",
  "-1",
  "0",
  "1e400",
  "9007199254740993",
  "NaN",
  "null",
  "true",
  "{}",
  "[]",
  "last:",
  "last:9999999999999999",
  "x.1",
  "x.out:1,in:99999999999999999",
  ",,,",
  "__proto__",
  "constructor",
  "x".repeat(400),
);
const text = fc.oneof(
  nasty,
  fc.string({ maxLength: 30 }),
  fc.string({ unit: "binary", maxLength: 8 }),
);

/** A value of JSON of any kind, or one that a field might have. */
const value = fc.oneof(
  text,
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(1, -1, 2 ** 53, 1.5, [], {}, null, "data", "end", "chat.message", [
    "read",
  ]),
);

/** Bodies that are right, to be made wrong. */
const bodies: Readonly<Record<string, unknown>> = {
  createProcess: { id: "q", executorid: "exe", channels: [{ name: "out", whenfull: "trim" }] },
  assignExecutor: { executorid: "exe", leasems: 60_000 },
  closeProcess: { outcome: { status: "failed", error: "x", exitcode: 1 } },
  appendBatch: { producer: "a", entries: [{ sequence: 1, payload: "aGk=", type: "data" }] },
  createGrant: { ops: ["read"], channels: ["out"], expiresin: 60 },
  signIn: { code: "x" },
};

function mutate(body: unknown, at: number, by: unknown): unknown {
  const places: [holder: Record<string, unknown>, key: string][] = [];
  const copy = structuredClone(body);
  const walk = (holder: unknown): void => {
    if (typeof holder !== "object" || holder === null) return;
    for (const key of Object.keys(holder)) {
      places.push([holder as Record<string, unknown>, key]);
      walk((holder as Record<string, unknown>)[key]);
    }
  };
  walk(copy);
  const place = places[at % (places.length + 1)];
  // As often as not it is right: what is refused at once tries nothing that is behind.
  if (at % 2 === 0) return body;
  if (place === undefined) return by;
  const [holder, key] = place;
  if (at % 5 === 0) Reflect.deleteProperty(holder, key);
  else if (at % 7 === 0) holder[`${key}x`] = by;
  else holder[key] = by;
  return copy;
}

function seldom<Value>(arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value | null> {
  return fc.oneof({ weight: 7, arbitrary: fc.constant(null) }, arbitrary);
}

const headerText = fc.stringMatching(/^[\x20-\x7e\xa0-\xff]{0,40}$/);
const choice = fc.record({
  route: fc.nat(),
  bearer: fc.oneof({ weight: 9, arbitrary: fc.nat({ max: 4 }) }, fc.nat({ max: 6 })),
  method: seldom(fc.constantFrom("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")),
  process: fc.oneof({ weight: 4, arbitrary: fc.constant("p") }, text),
  channel: fc.oneof({ weight: 4, arbitrary: fc.constantFrom("out", "in") }, text),
  grant: text,
  query: fc.oneof(fc.constant([]), fc.array(fc.tuple(fc.nat(), text), { maxLength: 3 })),
  extra: seldom(fc.tuple(text, text)),
  at: fc.nat(),
  by: value,
  raw: seldom(fc.oneof(fc.uint8Array({ maxLength: 200 }), text)),
  type: fc.constantFrom(
    "application/json",
    "application/json",
    "text/plain",
    "",
    "multipart/x",
    "*/*;q",
  ),
  accept: fc.constantFrom(
    "",
    "application/json",
    "text/event-stream",
    "application/octet-stream",
    "*/*",
  ),
  headers: fc.dictionary(
    fc.constantFrom("last-event-id", "if-none-match", "origin", "x-request-id", "x-forwarded-for"),
    headerText,
    { maxKeys: 1 },
  ),
});
type Choice = typeof choice extends fc.Arbitrary<infer Value> ? Value : never;

function build(routes: readonly Route[], chosen: Choice): FuzzedRequest {
  const route = routes[chosen.route % routes.length];
  if (route === undefined) throw new Error("there is a route");
  const path = route.path.replaceAll(/:([a-z]+)/g, (_, name: "process" | "channel" | "grant") =>
    // Broken escapes go as they are; what the client would not send is escaped.
    /^%[\w.%-]*$/.test(chosen[name]) ? chosen[name] : encodeURIComponent(wellFormed(chosen[name])),
  );
  const query = new URLSearchParams();
  const names = [...route.query.filter((name) => name !== "grant"), "x"];
  for (const [at, told] of chosen.query) {
    const name = names[at % names.length] ?? "grant";
    // A wait that is right would be waited for.
    query.append(name, name === "wait" && /^\d+$/.test(told) ? "0" : told);
  }
  if (chosen.extra !== null) query.append(...chosen.extra);
  const method = chosen.method ?? route.method;
  const json = JSON.stringify(mutate(bodies[route.operationId] ?? {}, chosen.at, chosen.by));
  const body = route.takesBody || chosen.at % 3 === 0 ? (chosen.raw ?? json) : undefined;
  const bearer = bearers[chosen.bearer] ?? "";
  return {
    method,
    path: `${path}${query.size === 0 ? "" : `?${query.toString()}`}`,
    headers: {
      ...chosen.headers,
      ...(bearer === "" ? {} : { authorization: `Bearer ${bearer}` }),
      ...(chosen.accept === "" ? {} : { accept: chosen.accept }),
      ...(body === undefined || chosen.type === "" ? {} : { "content-type": chosen.type }),
    },
    body: method === "GET" || method === "HEAD" ? undefined : body,
  };
}

function wellFormed(told: string): string {
  return Buffer.from(told, "utf8").toString("utf8");
}

/** Status and body; of a stream only that it began. */
function send({
  method,
  path,
  headers,
  body,
}: FuzzedRequest): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    // Node frames no body of a DELETE or an OPTIONS by itself: it would be read as the next request.
    const framing = body === undefined ? {} : { "content-length": Buffer.byteLength(body) };
    const options = {
      agent,
      port: world.port,
      host: "127.0.0.1",
      method,
      path,
      headers: { ...headers, ...framing },
    };
    const request = httpRequest(options, (response) => {
      const status = response.statusCode ?? 0;
      const isStream = /event-stream|octet-stream/.test(response.headers["content-type"] ?? "");
      if (isStream) {
        resolve({ status, body: "" });
        response.on("error", () => undefined).destroy();
        return;
      }
      let told = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (told += chunk));
      response.on("end", () => resolve({ status, body: told }));
      response.on("error", reject);
    });
    request.on("error", reject);
    request.end(body);
  });
}

const runs = runCount(3_000, 100_000);

it("no request makes the server fail, whatever is in it", { timeout: 600_000 }, async () => {
  const routes = world.server.routes;
  const statuses = new Map<number, number>();
  let sent = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(choice, { minLength: 20, maxLength: 20 }), async (chosen) => {
      if (sent++ % 5 === 0) await setUp();
      const answers = await Promise.all(chosen.map((one) => send(build(routes, one))));
      for (const { status, body } of answers) {
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        expect((status >= 200 && status < 500) || status === 503).toBe(true);
        if (status >= 400 && body !== "")
          expect(errorCodes).toContain((JSON.parse(body) as { code: string }).code);
      }
      expect(failures).toEqual([]);
    }),
    { numRuns: Math.ceil(runs / 20) },
  );
  expect(world.errors).toEqual([]);
  const told = [...statuses].sort(([a], [b]) => a - b).map(([status, n]) => `${status}: ${n}`);
  console.log(`${runs} requests answered: ${told.join(", ")}`);
  // It is no test if everything is refused at the first look.
  for (const status of [200, 201, 400, 401, 403, 404, 405])
    expect([status, statuses.get(status) ?? 0]).not.toEqual([status, 0]);
  expect((await fetch(`${world.url}/healthz`)).status).toBe(200);
});
