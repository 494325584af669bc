import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Access } from "../../src/server/route-context.ts";
import type { Route } from "../../src/server/route-table.ts";
import { ServerWorld } from "../server-world.ts";
import { sendRaw } from "./raw-request.ts";

/** Who asks, and with what code a route refuses him; undefined where the case says nothing of the route. */
interface Case {
  readonly who: string;
  readonly token: (route: Route) => Promise<string | undefined>;
  readonly code: (route: Route) => string | undefined;
  readonly query?: string;
}

const allOps = ["read", "append", "cancel"];
const ofChannel: readonly Access[] = ["read", "append"];
const opOf: Partial<Record<Access, string>> = {
  get: "read",
  read: "read",
  append: "append",
  cancel: "cancel",
};

let world: ServerWorld;
let revoked: string;
let weak: Record<string, string>;

beforeAll(async () => {
  world = await ServerWorld.create();
  await world.createProcess();
  const json = { id: "closed", channels: [{ name: "out" }] };
  await world.request("sub", "POST", "/v1/processes", { json });
  const grant = async (ops: readonly string[], id = "p"): Promise<Record<string, string>> => {
    const response = await world.request("sub", "POST", `/v1/processes/${id}/grants`, {
      json: { ops },
    });
    return (await response.json()) as Record<string, string>;
  };
  const { id, grant: value = "" } = await grant(allOps);
  await world.request("sub", "DELETE", `/v1/processes/p/grants/${id}`);
  revoked = value;
  weak = {
    read: (await grant(["append", "cancel"])).grant ?? "",
    append: (await grant(["read", "cancel"])).grant ?? "",
    cancel: (await grant(["read", "append"])).grant ?? "",
    none: (await grant(allOps)).grant ?? "",
    elsewhere: (await grant(allOps, "closed")).grant ?? "",
  };
});

afterAll(() => world[Symbol.asyncDispose]());

const isOfProcess = ({ path }: Route): boolean => path.includes(":process");
/** Who has only a part of somebody's rights has none of these. */
const needsWhole = ({ access }: Route): boolean => access === "create" || access === "back_up";
const isOfChannel = ({ path }: Route): boolean => path.includes(":channel");
const refusal = (route: Route): string =>
  ofChannel.includes(route.access) ? "unauthorized" : "forbidden";
const token = (claims: Record<string, unknown>) => (): Promise<string> =>
  world.token("sub", claims);

const cases: readonly Case[] = [
  {
    who: "nobody",
    token: () => Promise.resolve(undefined),
    code: () => "unauthenticated",
  },
  {
    who: "an expired token",
    token: token({ exp: Math.floor(Date.now() / 1000) - 60 }),
    code: () => "token_expired",
  },
  {
    who: "a token of a foreign key",
    token: () => world.token("sub", {}, new Uint8Array(32).fill(7)),
    code: () => "unauthenticated",
  },
  {
    who: "a stranger",
    token: () => world.token("stranger"),
    code: (route) =>
      isOfProcess(route) || route.access === "back_up" ? refusal(route) : undefined,
  },
  {
    who: "a token for another process",
    token: token({ process: "closed" }),
    code: (route) => (isOfProcess(route) || needsWhole(route) ? refusal(route) : undefined),
  },
  {
    who: "a token for another channel",
    token: token({ channels: ["other"] }),
    code: (route) => (isOfChannel(route) ? "unauthorized" : undefined),
  },
  {
    who: "a token without the right",
    token: ({ access }) => world.token("sub", { ops: allOps.filter((op) => op !== opOf[access]) }),
    code: (route) => (isOfProcess(route) || needsWhole(route) ? refusal(route) : undefined),
  },
  {
    who: "the executor of an old term",
    token: () => world.token("exe"),
    query: "term=77",
    code: ({ query }) => (query.includes("term") ? "executor_fenced" : undefined),
  },
  {
    who: "the holder of a revoked grant",
    token: () => Promise.resolve(revoked),
    code: () => "unauthenticated",
  },
  {
    who: "the holder of a grant without the right",
    token: ({ access }) => Promise.resolve(weak[opOf[access] ?? "none"]),
    code: (route) => (isOfProcess(route) || needsWhole(route) ? refusal(route) : undefined),
  },
  {
    who: "the holder of another process's grant",
    token: () => Promise.resolve(weak.elsewhere),
    code: (route) => (isOfProcess(route) ? refusal(route) : undefined),
  },
];

const places: Readonly<Record<string, string>> = { process: "p", channel: "out", grant: "g" };

/** A request that says that a body follows, and never sends one. */
function headOf(
  { method, path, takesBody }: Route,
  bearer: string | undefined,
  query = "",
): string {
  const target = path.replaceAll(/:([a-z]+)/g, (_, name: string) => places[name] ?? "");
  return [
    `${method} ${target}${query === "" ? "" : `?${query}`} HTTP/1.1`,
    `Host: 127.0.0.1:${world.port}`,
    ...(bearer === undefined ? [] : [`Authorization: Bearer ${bearer}`]),
    ...(takesBody ? ["Content-Type: application/json", "Content-Length: 100"] : []),
    "\r\n",
  ].join("\r\n");
}

describe("every route", () => {
  it.each(cases)("refuses $who before the body is read, with an audit line", async (one) => {
    const refused: unknown[] = [];
    const expected: unknown[] = [];
    for (const route of world.server.routes) {
      const code = route.access === "anyone" ? undefined : one.code(route);
      if (code === undefined) continue;
      world.forgetAudit();
      const answer = await sendRaw(world.port, headOf(route, await one.token(route), one.query));
      // A HEAD has no body to say it in; its status does.
      const told =
        route.method === "HEAD" ? code : (JSON.parse(answer.body) as { code: string }).code;
      const name = `${route.method} ${route.path}`;
      refused.push([name, told, answer.status, world.audit.map((line) => line.code)]);
      expected.push([name, code, statusOf(code), [code]]);
      expect(JSON.stringify(world.audit)).not.toContain(String(await one.token(route)));
    }
    expect(expected.length).toBeGreaterThan(1);
    expect(refused).toEqual(expected);
  });

  it("is in a case of its own for each thing it may be about", () => {
    const covered = (route: Route): number =>
      cases.filter(({ code }) => code(route) !== undefined).length;
    for (const route of world.server.routes.filter(({ access }) => access !== "anyone")) {
      const atLeast = isOfChannel(route) ? 9 : isOfProcess(route) ? 8 : 4;
      expect(covered(route), route.path).toBeGreaterThanOrEqual(atLeast);
    }
  });

  function statusOf(code: string): number {
    if (code === "unauthenticated" || code === "token_expired") return 401;
    return code === "executor_fenced" ? 409 : 403;
  }
});
