import { describe, expect, it } from "vitest";
import { readCredential, textOfCredential } from "./credential.ts";

const part = (json: object): string => btoa(JSON.stringify(json)).replaceAll("=", "");
const token = `${part({ alg: "HS256" })}.${part({ sub: "user:ada" })}.c2ln`;
const grant = `grant.g1.${"s".repeat(43)}.train.1`;

describe("a credential", () => {
  it("is read from a token, as it was pasted", () => {
    expect(readCredential(`  ${token}\n`)).toEqual({ token, identity: "user:ada" });
  });

  it("is read from a grant", () => {
    expect(readCredential(grant)).toEqual({
      token: grant,
      identity: "grant:g1",
      grantProcessId: "train.1",
    });
  });

  it("is kept with what its link says of it", () => {
    const credential = readCredential(`${grant} read,append`);
    expect(credential).toMatchObject({ token: grant, ops: ["read", "append"] });
    expect(readCredential(textOfCredential(credential!))).toEqual(credential);
    expect(textOfCredential(readCredential(token)!)).toBe(token);
  });

  it.each(["", "hello", "a.b.c", `${part({})}.${part({})}.x`])("is none in %j", (text) => {
    expect(readCredential(text)).toBeUndefined();
  });
});
