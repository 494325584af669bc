import { describe, expect, it } from "vitest";
import { isLoopback, resolveConfiguration } from "./configuration.ts";

const home = { HOME: "/home/ann" };

describe("resolveConfiguration", () => {
  it("prefers flags to the environment, and both to the defaults", () => {
    expect(resolveConfiguration({}, home)).toEqual({
      dataDirectory: "/home/ann/.local/share/jobwire",
    });
    const environment = {
      ...home,
      JOBWIRE_URL: "http://a:1/",
      JOBWIRE_TOKEN: "t",
      JOBWIRE_DATA_DIRECTORY: "/data",
    };
    expect(resolveConfiguration({}, environment)).toEqual({
      url: "http://a:1",
      token: "t",
      dataDirectory: "/data",
    });
    expect(
      resolveConfiguration({ url: "https://b/x/", dataDirectory: "/other" }, environment),
    ).toEqual({
      url: "https://b/x",
      token: "t",
      dataDirectory: "/other",
    });
  });

  it("follows XDG_DATA_HOME where it is absolute", () => {
    expect(resolveConfiguration({}, { ...home, XDG_DATA_HOME: "/xdg" }).dataDirectory).toBe(
      "/xdg/jobwire",
    );
    expect(resolveConfiguration({}, { ...home, XDG_DATA_HOME: "xdg" }).dataDirectory).toBe(
      "/home/ann/.local/share/jobwire",
    );
  });

  it("takes empty variables for absent", () => {
    expect(
      resolveConfiguration({}, { ...home, JOBWIRE_URL: "", JOBWIRE_TOKEN: "" }),
    ).not.toHaveProperty("url");
  });

  it.each(["nonsense", "ftp://host", "http://user:secret@host", "http://host/?query"])(
    "refuses %s as a URL",
    (url) => {
      expect(() => resolveConfiguration({ url }, home)).toThrow(/URL/);
    },
  );

  it("refuses a token that could forge a header, without repeating it", () => {
    expect(() => resolveConfiguration({}, { ...home, JOBWIRE_TOKEN: "a\r\nb" })).toThrow(
      "no token has",
    );
  });
});

describe("isLoopback", () => {
  it.each([
    ["http://127.0.0.1:7420", true],
    ["http://localhost", true],
    ["http://[::1]:1", true],
    ["http://127.0.0.1.example.org", false],
    ["http://localhost.example.org", false],
    ["http://10.0.0.1", false],
  ])("tells %s", (url, expected) => {
    expect(isLoopback(url)).toBe(expected);
  });
});
