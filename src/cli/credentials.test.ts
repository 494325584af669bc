import { decodeJwt, jwtVerify } from "jose";
import { describe, expect, it } from "vitest";
import { randomId } from "../core/system.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { GivenCredentials, LocalCredentials } from "./credentials.ts";
import { commandTokenSeconds } from "./local-token.ts";

const secret = new TextEncoder().encode("a secret of tests, of 32 bytes or more");

describe("LocalCredentials", () => {
  it("are short-lived, of this machine's user, and renewed in time", async () => {
    const clock = new FakeClock();
    const credentials = new LocalCredentials(async () => secret, { clock, randomId });
    const token = await credentials.token();
    const { payload } = await jwtVerify(token, secret, { currentDate: new Date(clock.now()) });
    expect(payload).toMatchObject({ sub: credentials.identity, scope: "admin" });
    expect(payload.exp! - payload.iat!).toBe(commandTokenSeconds);
    expect(await credentials.token()).toBe(token);
    clock.advance((commandTokenSeconds * 1000) / 2);
    expect(await credentials.token()).not.toBe(token);
  });

  it("narrow a program to its own process, without its close or its lease", async () => {
    const credentials = new LocalCredentials(async () => secret, {
      clock: new FakeClock(),
      randomId,
    });
    const executor = await credentials.asProgram("p").token();
    expect(decodeJwt(executor ?? "")).toMatchObject({
      sub: "run:p",
      process: "p",
    });
    const claims = decodeJwt(await credentials.programToken("p"));
    expect(claims).toMatchObject({ sub: "run:p", process: "p", ops: ["read", "append"] });
    expect(claims).not.toHaveProperty("scope");
  });
});

describe("GivenCredentials", () => {
  it("refuse what is no token, without repeating it", () => {
    expect(() => new GivenCredentials("not-a-token")).toThrow(/^JOBWIRE_TOKEN is not a token$/);
  });
});
