import { expect, it } from "vitest";
import { parseSignInFragment } from "../app/sign-in-fragment.ts";
import { shareLink } from "./share-link.ts";

it("leads to the job, in whatever folder the console lies, as the page reads it", () => {
  const grant = `grant.abc.${"s".repeat(43)}.train-1`;
  const link = shareLink("https://tools.example/jobwire/#/p/train-1/stdout?view=text", {
    ...{ grant, processId: "train-1", channel: "stdout" },
  });
  const { origin, pathname, hash } = new URL(link);
  expect(origin + pathname).toBe("https://tools.example/jobwire/");
  expect(parseSignInFragment(hash)).toEqual({
    ...{ kind: "grant", grant: `${grant} read`, to: "#/p/train-1/stdout" },
  });
});
