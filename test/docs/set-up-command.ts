interface SetUpCommand {
  readonly pattern: RegExp;
  /** What proves the command instead of running it from a page. */
  readonly provenBy: string;
}

/** Commands of pages that are not run from there. Everything else is. */
const setUpCommands: SetUpCommand[] = [
  { pattern: /^git clone \S+( && cd [\w-]+)?$/, provenBy: "every run of the tests is in a clone" },
  { pattern: /^cd jobwire$/, provenBy: "the folder that the clone made" },
  { pattern: /^npm start( -- .*)?$/, provenBy: "test/tooling/start.test.ts" },
  {
    pattern: /^npm (test|run [\w:-]+)( -- .*)?$/,
    provenBy: "the run of the tests that reads this",
  },
  { pattern: /^npm (ci|install)( -g)?( jobwire)?$/, provenBy: "test/package" },
];

/** The snippet without its set-up commands. */
export function withoutSetUp(code: string): string {
  return code
    .split("\n")
    .filter((line) => !setUpCommands.some(({ pattern }) => pattern.test(commandOf(line))))
    .join("\n");
}

/** Names of the package's scripts that the snippet calls. */
export function scriptsCalled(code: string): string[] {
  return code.split("\n").flatMap((line) => {
    const [, name] = /^npm (?:run )?([\w:-]+)/.exec(commandOf(line)) ?? [];
    return name === undefined || /^(ci|install)$/.test(name) ? [] : [name];
  });
}

function commandOf(line: string): string {
  return line.replace(/\s+#.*$/, "").trim();
}
