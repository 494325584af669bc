// A program that takes its terminal and then fails in the way that its argument names.
const takeoverPath = "../../dist/cli/terminal/terminal-takeover.js";
// Found when it runs: types are checked before anything is built.
/** @type {typeof import("../../src/cli/terminal/terminal-takeover.ts")} */
const { TerminalTakeover } = await import(new URL(takeoverPath, import.meta.url).href);

const { stdin, stdout, argv } = process;
TerminalTakeover.enter({
  stdin,
  stdout,
  isRaw: true,
  onSignal: () => undefined,
  onReturn: () => undefined,
});
stdout.write("\x1b[?1003h\x1b[?1006h\x1b[?25l\x1b[?1h\x1b=taken");
stdin.once("data", () => {
  if (argv[2] === "exit") process.exit(3);
  if (argv[2] === "reject") void Promise.reject(new Error("was rejected"));
  else throw new Error("was thrown");
});
