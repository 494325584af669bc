import { expect, it } from "vitest";
import { orderChannels, shownTogether } from "./channel-order.ts";

it("puts what people look for first, and what parts say to each other last", () => {
  const names = ["control", "stderr", "metrics", "stdin", "chat", "stdout"];
  expect(orderChannels(names)).toEqual([
    ...["stdout", "stderr", "chat", "metrics", "control", "stdin"],
  ]);
  expect(shownTogether(names)).toEqual(["stdout", "stderr", "chat", "metrics"]);
  expect(shownTogether(["control", "stdin"])).toEqual(["control"]);
  expect(shownTogether([])).toEqual([]);
});
