import type { Outcome } from "../../core/process-record.ts";
import type { ExitCode } from "../exit-code.ts";
import { say, type Terminal } from "../terminal.ts";

/** How it ended here: the person left, or the process ended. */
export type AttachEnd =
  | { readonly isLeft: true; readonly exitCode?: ExitCode }
  | { readonly outcome: Outcome | undefined };

export function tellLeft(
  terminal: Pick<Terminal, "stderr">,
  processId: string,
  undeliveredBytes: number,
): void {
  if (undeliveredBytes > 0)
    say(terminal, `${undeliveredBytes} bytes of input did not reach the server`);
  say(terminal, `left; the program goes on. Come back with: jobwire attach ${processId}`);
}
