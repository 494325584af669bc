import { ChannelError, isErrorCode } from "../core/errors.ts";

// Apart from the table of statuses, which only servers need.

/** The same error again, or undefined for what is not a problem of this protocol. */
export function decodeError(value: unknown): ChannelError | undefined {
  const { code, details } = Object(value) as {
    readonly code?: unknown;
    readonly details?: unknown;
  };
  return isErrorCode(code) ? new ChannelError(code, Object(details) as object) : undefined;
}
