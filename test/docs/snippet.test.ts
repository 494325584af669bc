import { beforeAll, describe, expect, it } from "vitest";
import { ensureBuilt } from "../../scripts/ensure-built.mjs";
import { matchesJson, matchesText } from "./expected-output.ts";
import { PageWorld } from "./page-world.ts";
import { runSnippet } from "./run-snippet.ts";
import { scriptsCalled, withoutSetUp } from "./set-up-command.ts";
import { findTypeErrors } from "./type-check.ts";
import { readSnippets } from "./snippet.ts";

const fenced = (language: string, code: string) => `\`\`\`${language}\n${code}\n\`\`\`\n`;

describe("reading a page", () => {
  it("finds snippets with what they are expected to give", () => {
    const page = [
      "# Title\n",
      fenced("sh", "echo one"),
      fenced("text", "one"),
      "Prose.\n",
      fenced("text", "a drawing"),
      fenced("ts", "f();"),
      "<!-- output: two\nthree -->\n",
      fenced("http", "GET /healthz HTTP/1.1"),
      fenced("http", "HTTP/1.1 200 OK"),
    ].join("\n");

    expect(readSnippets("page.md", page)).toEqual([
      { page: "page.md", line: 3, language: "sh", code: "echo one", expected: "one" },
      { page: "page.md", line: 17, language: "ts", code: "f();", expected: "two\nthree" },
      {
        page: "page.md",
        line: 24,
        language: "http",
        code: "GET /healthz HTTP/1.1",
        expected: "HTTP/1.1 200 OK",
      },
    ]);
  });

  it("finds snippets inside lists", () => {
    const page = "1. First\n\n   ```sh\n   echo one\n   ```\n";

    expect(readSnippets("page.md", page)[0]?.code).toBe("echo one");
  });

  it.each([
    ["a language that nobody runs", fenced("shell", "exit 1")],
    ["no language", fenced("", "exit 1")],
    ["an option", fenced("sh no-run", "exit 1")],
    ["no end", "```sh\nexit 1\n"],
    ["an answer without its request", `Prose.\n${fenced("http", "HTTP/1.1 200 OK")}`],
  ])("refuses a block with %s", (_, page) => {
    expect(() => readSnippets("page.md", page)).toThrow(/^page\.md:\d+: the block/);
  });

  it("leaves out the set-up commands and nothing else", () => {
    const code = "npm start   # serves\nnpm test && exit 1\njobwire ps\nnpm run test:unit";

    expect(withoutSetUp(code)).toBe("npm test && exit 1\njobwire ps");
    expect(scriptsCalled(code)).toEqual(["start", "test", "test:unit"]);
  });
});

describe("comparing output", () => {
  it.each([
    ["one\ntwo", "one\ntwo\n", true],
    ["one … three", "one two three", true],
    ["one\n…\nfour", "one\ntwo\nthree\nfour", true],
    ["one\n…\ntwo", "one\ntwo", true],
    ["one", "one\ntwo", false],
    ["one.", "one!", false],
    ["one …", "two", false],
  ])("takes %j for %j: %j", (expected, actual, isMatch) => {
    expect(matchesText(expected, actual)).toBe(isMatch);
  });

  it.each([
    [{ id: "…", size: 1 }, { size: 1, id: { a: 2 } }, true],
    [{ id: "p-…" }, { id: "p-1" }, true],
    [{ id: 1, "…": "…" }, { id: 1, more: 2 }, true],
    [{ id: 1 }, { id: 1, more: 2 }, false],
    [[1], [1, 2], false],
    [{ id: null }, {}, false],
  ])("takes %j for %j: %j", (expected, actual, isMatch) => {
    expect(matchesJson(expected, actual)).toBe(isMatch);
  });
});

describe("running a page", () => {
  beforeAll(() => ensureBuilt(), 300_000);

  const run = async (...pages: string[]) => {
    await using world = await PageWorld.create();
    for (const snippet of readSnippets("page.md", pages.join("\n"))) {
      await runSnippet(snippet, world);
    }
  };

  it("passes snippets that do what the page says", async () => {
    await run(
      fenced("sh", "NAME=world\njobwire --version\nnpx jobwire ps"),
      fenced("sh", 'echo "hello $NAME"'),
      fenced("text", "hello …"),
      fenced(
        "ts",
        'import { Router } from "jobwire";\nconst name: string = Router.name;\nconsole.log(name);',
      ),
      fenced("text", "Router"),
      fenced("js", "console.log(process.env.NAME);"),
      fenced("text", "world"),
      fenced("sh", "jobwire serve"),
      fenced("http", "GET /readyz HTTP/1.1"),
      fenced("http", "HTTP/1.1 200 OK\n\n…"),
      fenced("http", "GET /v1/processes HTTP/1.1\nAuthorization: Bearer $TOKEN"),
      fenced("json", '{ "a": 1 }'),
    );
  });

  it.each([
    ["a command that fails", fenced("sh", "false\necho done"), /ended with 1/],
    ["a pipe that fails", fenced("bash", "false | cat"), /ended with 1/],
    ["another output", fenced("sh", "echo one") + fenced("text", "two"), /printed otherwise/],
    ["an exception", fenced("js", 'throw new Error("planted");'), /planted/],
    [
      "a missing export",
      fenced("ts", 'import { Rooter } from "jobwire";\nnew Rooter();'),
      /Rooter/,
    ],
    ["a missing command", fenced("sh", "jobwire no-such-command"), /ended with/],
    ["malformed JSON", fenced("json", "{ a: 1 }"), /JSON/],
    [
      "another status",
      fenced("http", "GET /readyz HTTP/1.1") + fenced("http", "HTTP/1.1 500 Error\n\n…"),
      /answered otherwise/,
    ],
    [
      "another body",
      fenced("http", "GET /readyz HTTP/1.1") + fenced("http", "HTTP/1.1 200 OK\n\nplanted"),
      /answered otherwise/,
    ],
    ["an unset variable", fenced("http", "GET /v1/processes/$PROCESS HTTP/1.1"), /sets \$PROCESS/],
  ])("fails at %s", async (_, page, message) => {
    await expect(run(page)).rejects.toThrow(message);
  });

  it("reports type errors of TypeScript snippets", () => {
    const page = fenced("ts", 'import { Router } from "jobwire";\nnew Router().noSuchMethod();');

    expect(findTypeErrors(readSnippets("page.md", page))).toEqual([
      expect.stringMatching(/^page\.md:3: .*noSuchMethod/),
    ]);
  });
});
