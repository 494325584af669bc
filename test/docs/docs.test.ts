import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ensureBuilt } from "../../scripts/ensure-built.mjs";
import { PageWorld, root } from "./page-world.ts";
import { runSnippet } from "./run-snippet.ts";
import { scriptsCalled } from "./set-up-command.ts";
import { readSnippets } from "./snippet.ts";
import { findTypeErrors } from "./type-check.ts";

const pages = [
  "README.md",
  "PROTOCOL.md",
  "CONTRIBUTING.md",
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".md"))
    .map((path) => `docs/${path}`),
].filter((page) => existsSync(join(root, page)));

const snippetsByPage = new Map(
  pages.map((page) => [page, readSnippets(page, readFileSync(join(root, page), "utf8"))]),
);
const allSnippets = [...snippetsByPage.values()].flat();

beforeAll(() => ensureBuilt());

describe.each([...snippetsByPage].filter(([, snippets]) => snippets.length > 0))(
  "%s",
  (_, snippets) => {
    let world: PageWorld;

    beforeAll(async () => {
      world = await PageWorld.create();
    });
    afterAll(() => world[Symbol.asyncDispose]());

    it.each(snippets.map((snippet) => [snippet.line, snippet.language, snippet] as const))(
      "line %i: the %s does what the page says",
      async (_line, _language, snippet) => {
        await runSnippet(snippet, world);
      },
    );
  },
);

describe("the pages", () => {
  it("call only scripts that the package has", () => {
    const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
      scripts: Record<string, string>;
    };
    const called = allSnippets.flatMap(({ code }) => scriptsCalled(code));

    expect(called.filter((name) => !(name in scripts))).toEqual([]);
    expect(scripts).toMatchObject({ start: expect.any(String), test: expect.any(String) });
  });

  it("show TypeScript without type errors", () => {
    const snippets = allSnippets.filter(({ language }) => language === "ts");

    expect(findTypeErrors(snippets)).toEqual([]);
  });
});
