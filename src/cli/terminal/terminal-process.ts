import type { ProcessView } from "../../core/broker/views.ts";
import { terminalChannel } from "../../protocol/terminal-entries.ts";
import { CommandError, ExitCode } from "../exit-code.ts";

/** Throws `CommandError` for a process whose program has no terminal. */
export function requireTerminalChannel({ id, channels }: ProcessView): void {
  if (channels.some(({ name }) => name === terminalChannel)) return;
  throw new CommandError(
    `${id} has no terminal; a program gets one with: jobwire run --tty\nSee its channels with: jobwire inspect ${id}`,
    ExitCode.notFound,
  );
}
