import { describe, expect, it } from "vitest";
import { encodeRoute, parseRoute, type Route } from "./route.ts";

const routes: [fragment: string, route: Route][] = [
  ["#/", { page: "jobs" }],
  ["#/p/train-1", { page: "job", processId: "train-1" }],
  ["#/p/train-1/stdout", { page: "job", processId: "train-1", channel: "stdout" }],
  ["#/p/a~b/out.2?view=text", { page: "job", processId: "a~b", channel: "out.2", view: "text" }],
];

describe("a route", () => {
  it.each(routes)("%s is read and written", (fragment, route) => {
    expect(parseRoute(fragment)).toEqual(route);
    expect(encodeRoute(route)).toBe(fragment);
  });

  it.each(["", "#", "#/p", "#/p/", "#/x/y", "#/p/%E0%A4%A", "#code=abc"])(
    "shows the jobs for %j",
    (fragment) => {
      expect(parseRoute(fragment)).toEqual({ page: "jobs" });
    },
  );

  it("survives any id", () => {
    const route: Route = { page: "job", processId: "a/b?c#d", channel: "%", view: "a&b" };
    expect(parseRoute(encodeRoute(route))).toEqual(route);
  });
});
