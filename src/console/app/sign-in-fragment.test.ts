import { describe, expect, it } from "vitest";
import { parseSignInFragment } from "./sign-in-fragment.ts";

const grant = `grant.g1.${"s".repeat(43)}.train-1`;

describe("the fragment of a link", () => {
  it("signs in by a code, at the jobs or at a place of the page", () => {
    expect(parseSignInFragment("#code=abc")).toEqual({ kind: "code", code: "abc", to: "#/" });
    expect(parseSignInFragment("#code=abc&to=%2Fp%2Ftrain-1")).toEqual({
      kind: "code",
      code: "abc",
      to: "#/p/train-1",
    });
  });

  it("leads nowhere else", () => {
    for (const to of ["https://example.org/", "//example.org", "javascript:alert(1)", ""])
      expect(parseSignInFragment(`#code=abc&to=${encodeURIComponent(to)}`)?.to).toBe("#/");
  });

  it("opens what was shared by a grant", () => {
    expect(parseSignInFragment(`#grant=${grant}`)?.to).toBe("#/p/train-1");
    expect(parseSignInFragment(`#grant=${grant}&process=other&channel=stdout`)).toEqual({
      kind: "grant",
      grant,
      to: "#/p/train-1/stdout",
    });
  });

  it("tells what the grant is for, where it says so", () => {
    const found = parseSignInFragment(`#grant=${grant}&ops=read%2Cappend`);
    expect(found).toMatchObject({ grant: `${grant} read,append` });
    expect(parseSignInFragment(`#grant=${grant}&ops=%20x`)).toMatchObject({ grant });
  });

  it.each(["", "#/", "#/p/code=abc", "#code=", "#grant=nonsense"])("is none in %j", (fragment) => {
    expect(parseSignInFragment(fragment)).toBeUndefined();
  });
});
