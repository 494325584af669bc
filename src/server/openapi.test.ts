import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ServerWorld } from "../../test/server-world.ts";

interface MediaType {
  readonly schema: object;
  readonly example?: unknown;
}

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { name: string; in: string; example?: string }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, MediaType>> };
  readonly responses: Readonly<Record<string, { content?: Readonly<Record<string, MediaType>> }>>;
  readonly security: readonly object[];
}

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

const json = "application/json";
/** What no two servers agree on. */
const varying = new Set(
  "epoch cursor revision createdat startedat closedat expiresat timestamp at code token grant".split(
    " ",
  ),
);

let world: ServerWorld;
let grantId: string;
let code: string;

/** As the document says that its examples need it. */
async function setUp(): Promise<void> {
  world = await ServerWorld.create();
  const post = async (path: string, init: object): Promise<Record<string, unknown>> => {
    const response = await world.request("ada", "POST", path, init);
    return (await response.json()) as Record<string, unknown>;
  };
  const spec = { id: "demo", label: "a demonstration", executorid: "model" };
  await post("/v1/processes", { json: { ...spec, channels: [{ name: "chat" }] } });
  const first = "/v1/processes/demo/channels/chat/entries?producer=tab-1&sequence=1";
  await world.request("model", "POST", first, { body: "Hello" });
  grantId = String((await post("/v1/processes/demo/grants", { json: { ops: ["read"] } })).id);
  code = String((await post("/v1/sign-in/codes", {})).code);
}

beforeEach(setUp);

afterEach(() => world[Symbol.asyncDispose]());

async function fetchDocument(): Promise<Document> {
  return (await (await fetch(`${world.url}/v1/openapi.json`)).json()) as Document;
}

function operationsOf({ paths }: Document): { path: string; method: string; is: Operation }[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, is]) => ({ path, method, is })),
  );
}

/** The document itself, and what OpenAPI has no words for: a WebSocket. */
const undocumented = ["/v1/openapi.json", "/v1/socket"];

function withoutVarying(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, field: unknown) => {
      if (key === "id" && field !== "demo") return "…";
      return varying.has(key) && typeof field === "string" ? "…" : field;
    }),
  );
}

describe("OpenAPI document", () => {
  it("is valid OpenAPI 3.1, and holds every route of the server", async () => {
    const document = await fetchDocument();
    expect(document.openapi).toBe("3.1.0");
    expect(await new Validator().validate({ ...document })).toMatchObject({ valid: true });
    const inDocument = operationsOf(document).map(({ path, method }) => `${method} ${path}`);
    const inServer = world.server.routes
      .filter(({ method, path }) => method !== "HEAD" && !undocumented.includes(path))
      .map(
        ({ method, path }) => `${method.toLowerCase()} ${path.replaceAll(/:([a-z]+)/g, "{$1}")}`,
      );
    expect(inDocument.sort()).toEqual(inServer.sort());
  });

  it("asks for a token or a grant exactly where the server does", async () => {
    for (const { path, method, is } of operationsOf(await fetchDocument())) {
      const response = await fetch(world.url + path.replaceAll(/\{[a-z]+\}/g, "demo"), { method });
      expect([path, response.status === 401]).toEqual([path, is.security.length > 0]);
    }
  });

  it("has examples that are answered as they say", async () => {
    const ajv = addFormats.default(new Ajv2020({ strict: false }));
    const replayed: string[] = [];
    for (const { path, method, is } of operationsOf(await fetchDocument())) {
      const { answer, response } = await replay(path, method, is);
      const { content } = is.responses[response.status] ?? {};
      const form = content?.[json];
      if (is.operationId === "readSeveral") continue;
      replayed.push(is.operationId);
      if (response.status === 204) continue;
      if (form === undefined) throw new Error(`${is.operationId} answered ${response.status}`);
      expect([is.operationId, withoutVarying(answer)]).toEqual([
        is.operationId,
        withoutVarying(form.example),
      ]);
      const validate = ajv.compile(form.schema);
      expect([is.operationId, validate(answer), validate.errors]).toEqual([
        is.operationId,
        true,
        null,
      ]);
    }
    expect(replayed).toHaveLength(world.server.routes.filter(isReplayed).length);
  });

  function isReplayed({ method, operationId }: { method: string; operationId: string }): boolean {
    return method !== "HEAD" && operationId !== "" && operationId !== "readSeveral";
  }

  /** Each in a world of its own: the answers are of a process as it was set up. */
  async function replay(
    path: string,
    method: string,
    { parameters = [], requestBody }: Operation,
  ): Promise<{ answer: unknown; response: Response }> {
    await world[Symbol.asyncDispose]();
    await setUp();
    let target = path.replace("{grant}", grantId);
    const query = new URLSearchParams();
    for (const { name, in: place, example } of parameters) {
      if (place === "path") target = target.replace(`{${name}}`, example ?? "");
      else if (example !== undefined) query.set(name, example);
    }
    const [first] = Object.entries(requestBody?.content ?? {});
    const [mediaType, example] =
      first === undefined ? ["", undefined] : [first[0], first[1].example];
    const body =
      typeof example === "string" || example === undefined ? example : JSON.stringify(example);
    const administrator = target.startsWith("/v1/store/")
      ? { authorization: `Bearer ${await world.token("ada", { scope: "admin" })}` }
      : {};
    const response = await world.request(
      /\/(lease|entries|batch)$/.test(target) ? "model" : "ada",
      method.toUpperCase(),
      `${target}${query.size === 0 ? "" : `?${query.toString()}`}`,
      body === undefined
        ? {}
        : {
            body: body.replace('"…"', `"${code}"`),
            headers: { "content-type": mediaType, ...administrator },
          },
    );
    const answer: unknown = response.status === 204 ? undefined : await response.json();
    return { answer, response };
  }
});
