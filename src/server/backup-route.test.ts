import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MemoryStore } from "../stores/memory/memory-store.ts";
import { ServerWorld, problemOf } from "../../test/server-world.ts";
import { Broker } from "../core/broker/broker.ts";
import { createServer } from "./index.ts";

const path = "/v1/store/backups";
let world: ServerWorld;
let asked: string[];

beforeEach(async () => {
  asked = [];
  world = await ServerWorld.create({
    backUp: async (directory) => {
      asked.push(directory);
      return { files: 3, copiedBytes: 1_024 };
    },
  });
});

afterEach(() => world[Symbol.asyncDispose]());

async function backUp(claims: object, directory: unknown): Promise<Response> {
  return await fetch(world.url + path, {
    method: "POST",
    body: JSON.stringify({ directory }),
    headers: {
      authorization: `Bearer ${await world.token("root", { ...claims })}`,
      "content-type": "application/json",
    },
  });
}

describe("POST /v1/store/backups", () => {
  it("has the store copied for an administrator, and says what was done", async () => {
    const response = await backUp({ scope: "admin" }, "/backups/1");
    expect(response.status).toBe(201);
    expect(await response.json()).toEqual({
      directory: "/backups/1",
      files: 3,
      copiedbytes: 1_024,
    });
    expect(asked).toEqual(["/backups/1"]);
  });

  it.each([{}, ...["process", "channels", "ops"].map((claim) => narrowed(claim))])(
    "refuses a token with %j",
    async (claims) => {
      expect(await problemOf(await backUp(claims, "/backups/1"))).toEqual([403, "forbidden"]);
      expect(world.audit).toMatchObject([{ action: "back_up", code: "forbidden" }]);
      expect(asked).toEqual([]);
    },
  );

  it.each(["backups/1", "", "/nul\0", 7, "/" + "x".repeat(5_000)])("refuses %j", async (place) => {
    const response = await backUp({ scope: "admin" }, place);
    expect(await problemOf(response)).toEqual([400, "invalid_argument"]);
    expect(asked).toEqual([]);
  });

  it("is not there where the store cannot be copied", async () => {
    const broker = new Broker({ store: new MemoryStore() });
    const keys = [{ kind: "hmac", secret: new Uint8Array(32) }] as const;
    const server = await createServer({ broker, keys });
    expect(server.routes.map((route) => route.path)).not.toContain(path);
    const response = await fetch(server.url + path, { method: "POST" });
    expect(await problemOf(response)).toEqual([404, "route_not_found"]);
    await server.close();
  });
});

/** An administrator's token that is good for a part only. */
function narrowed(claim: string): object {
  return {
    scope: "admin",
    [claim]: claim === "process" ? "p" : claim === "ops" ? ["read"] : ["out"],
  };
}
