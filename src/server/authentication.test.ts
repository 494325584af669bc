import { SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import { createWorld as createBrokerWorld } from "../../test/broker-world.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { Authentication } from "./authentication.ts";
import type { TokenKey } from "./token-keys.ts";

const keyOf = (fill: number): TokenKey => ({
  kind: "hmac",
  secret: new Uint8Array(32).fill(fill),
});

function createWorld() {
  const clock = new FakeClock();
  clock.advance(Date.now() - clock.now());
  let keys = [keyOf(1)];
  let readings = 0;
  const reload = async (): Promise<readonly TokenKey[]> => {
    readings += 1;
    return keys;
  };
  const { grants } = createBrokerWorld().broker;
  const failures: unknown[] = [];
  const report = (error: unknown): void => void failures.push(error);
  const authentication = new Authentication({ keys, reload }, grants, clock, report);
  return {
    clock,
    authentication,
    readings: () => readings,
    replaceKeys: (...next: TokenKey[]) => (keys = next),
    identify: async (fill: number) => {
      const token = await new SignJWT({ exp: Math.floor(Date.now() / 1000) + 600 })
        .setProtectedHeader({ alg: "HS256" })
        .setSubject("ada")
        .sign(new Uint8Array(32).fill(fill));
      return authentication.identify({ headers: { authorization: `Bearer ${token}` }, query: {} });
    },
  };
}

describe("keys that are replaced while the server runs", () => {
  it("count at once, also right after they were read", async () => {
    const world = createWorld();
    world.replaceKeys(keyOf(2), keyOf(1));
    const identified = world.identify(2);
    // It waits for the next reading, which may not follow the last one at once.
    while (world.clock.pendingTimers < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(world.readings()).toBe(0);
    world.clock.advance(100);
    expect((await identified).caller.identity).toBe("ada");
    world.authentication.close();
  });
});
