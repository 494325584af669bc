import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { problemOf, ServerWorld } from "../../test/server-world.ts";

const entries = "/v1/processes/p/channels/out/entries";
const events = { accept: "text/event-stream" };
let world: ServerWorld;

beforeEach(async () => {
  world = await ServerWorld.create();
  await world.createProcess();
});

afterEach(() => world[Symbol.asyncDispose]());

async function createGrant(json: object): Promise<{ id: string; grant: string }> {
  const response = await world.request("sub", "POST", "/v1/processes/p/grants", { json });
  expect(response.status).toBe(201);
  expect(response.headers.get("cache-control")).toBe("no-store");
  return (await response.json()) as { id: string; grant: string };
}

describe("grants over HTTP", () => {
  it("are presented as a bearer token, or in the query by an EventSource", async () => {
    const { id, grant } = await createGrant({ ops: ["read", "append"] });
    const bearer = { authorization: `Bearer ${grant}` };
    const append = await fetch(world.url + entries, {
      method: "POST",
      body: "hi",
      headers: bearer,
    });
    expect(append.status).toBe(201);
    const read = await fetch(`${world.url}${entries}?grant=${grant}`);
    expect(await read.json()).toMatchObject({ entries: [{ senderid: `grant:${id}` }] });
    const list = await fetch(`${world.url}/v1/processes`, { headers: bearer });
    expect(await list.json()).toMatchObject({ processes: [{ id: "p" }] });
    expect(
      await problemOf(await fetch(`${world.url}${entries}?grant=${grant}`, { headers: bearer })),
    ).toEqual([401, "unauthenticated"]);
  });

  it("that are revoked end their streams with the reason, and open no new one", async () => {
    const { id, grant } = await createGrant({ ops: ["read"] });
    const several = "/v1/processes/p/entries";
    const streams = await Promise.all(
      [entries, several, "/v1/processes/p", "/v1/processes"].map((path) =>
        fetch(`${world.url}${path}?grant=${grant}`, { headers: events }),
      ),
    );
    const revoked = await world.request("sub", "DELETE", `/v1/processes/p/grants/${id}`);
    expect(revoked.status).toBe(204);
    for (const stream of streams) expect(await stream.text()).toContain('"reason":"revoked"');
    expect(await problemOf(await fetch(`${world.url}${entries}?grant=${grant}`))).toEqual([
      401,
      "unauthenticated",
    ]);
  });

  it("end their streams when they expire", async () => {
    const { grant } = await createGrant({ ops: ["read"], expiresin: 1 });
    const stream = await fetch(`${world.url}${entries}?grant=${grant}`, { headers: events });
    expect(await stream.text()).toContain('"reason":"token_expired"');
    expect(await problemOf(await fetch(`${world.url}${entries}?grant=${grant}`))).toEqual([
      401,
      "token_expired",
    ]);
  });

  it("refuse what cannot be a grant", async () => {
    const create = async (json: object): Promise<unknown[]> =>
      problemOf(await world.request("sub", "POST", "/v1/processes/p/grants", { json }));
    expect(await create({ ops: [] })).toEqual([400, "invalid_argument"]);
    expect(await create({ ops: ["all"] })).toEqual([400, "invalid_argument"]);
    expect(await create({ ops: ["read"], channels: ["none"] })).toEqual([404, "channel_not_found"]);
    expect(await create({ ops: ["read"], expiresin: 0 })).toEqual([400, "invalid_argument"]);
    for (const value of ["", "grant", "grant.a.b.p", `grant.x.${"A".repeat(43)}.p`]) {
      const answer = await fetch(`${world.url}${entries}?grant=${value}`);
      expect(await problemOf(answer)).toEqual([401, "unauthenticated"]);
    }
  });
});

describe("sign-in codes", () => {
  const createCode = async (token: string): Promise<Response> =>
    await fetch(`${world.url}/v1/sign-in/codes`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
    });
  const signIn = async (code: string): Promise<Response> =>
    await fetch(`${world.url}/v1/sign-in`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ code }),
    });

  it("are exchanged once, for a token with the same rights and no longer life", async () => {
    const exp = Math.floor(Date.now() / 1000) + 60;
    const token = await world.token("sub", { process: "p", ops: ["read"], exp });
    const { code } = (await (await createCode(token)).json()) as { code: string };
    const answers = await Promise.all(Array.from({ length: 20 }, () => signIn(code)));
    const [signedIn, ...more] = answers.filter(({ ok }) => ok);
    expect(more).toEqual([]);
    const session = (await signedIn?.json()) as { token: string; expiresat: string };
    expect(Date.parse(session.expiresat)).toBe(exp * 1000);
    const headers = { authorization: `Bearer ${session.token}` };
    expect((await fetch(world.url + entries, { headers })).status).toBe(200);
    const append = await fetch(world.url + entries, { method: "POST", body: "x", headers });
    expect(await problemOf(append)).toEqual([403, "unauthorized"]);
    expect(world.audit).toContainEqual(
      expect.objectContaining({ action: "sign_in", code: "unauthenticated" }),
    );
  });

  it("are not made for the holder of a grant, and not guessed", async () => {
    const { grant } = await createGrant({ ops: ["read"] });
    expect(await problemOf(await createCode(grant))).toEqual([403, "forbidden"]);
    expect(await problemOf(await signIn("guessed"))).toEqual([401, "unauthenticated"]);
  });
});
