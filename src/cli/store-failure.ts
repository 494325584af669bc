import { DirectoryLockError, DirectoryLockedError } from "../stores/segment-log/index.ts";
import { reasonOf } from "./data-directory.ts";
import { CommandError, ExitCode } from "./exit-code.ts";
import { escapeText } from "./terminal-text.ts";

/** What a person is told of a store that cannot be used: what is wrong, then what to do. */
export function explainStoreFailure(error: unknown, path: string): CommandError {
  const [message, remedy] = describe(error, path);
  return new CommandError(`${escapeText(message)}\n${remedy}`, ExitCode.failure, { cause: error });
}

function describe(error: unknown, path: string): readonly [message: string, remedy: string] {
  if (error instanceof DirectoryLockedError)
    return [
      error.message,
      "Use that server (jobwire ps), stop it, or name another folder with --data-directory.",
    ];
  if (error instanceof DirectoryLockError)
    return [
      error.message,
      "Keep the data on a local file system, or see to it yourself that one server uses it: --unsafe-no-lock.",
    ];
  return [
    `cannot open the store in ${path}: ${reasonOf(error)}`,
    "docs/operations.md says what to do when a store cannot be opened; nothing in it was changed.",
  ];
}
