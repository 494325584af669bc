#!/usr/bin/env node
import { runCommandLine } from "./program.ts";

const { stdin, stdout, stderr, env, argv } = process;
const exitCode = await runCommandLine(argv.slice(2), { stdin, stdout, stderr, environment: env });

// What was written must be out before the end; a reader that went away has its reason.
await Promise.all(
  [stdout, stderr].map(
    (stream) =>
      new Promise<void>((resolve) => {
        stream.once("error", () => resolve());
        stream.write("", () => resolve());
      }),
  ),
);
process.exit(exitCode);
