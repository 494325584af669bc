import type { ChannelError, ErrorCode } from "../core/errors.ts";

/** Errors after which the same may succeed later, and the wait in ms where the error itself does not say. */
const passing: Readonly<Partial<Record<ErrorCode, number | undefined>>> = {
  rate_limit_exceeded: undefined,
  subscriber_too_slow: undefined,
  too_many_processes: 5_000,
  sequence_gap: undefined,
  too_many_producers: 60_000,
  request_timeout: undefined,
  too_many_requests: undefined,
  overloaded: undefined,
  unavailable: 1_000,
  store_failed: 30_000,
  store_full: 10_000,
  shutting_down: undefined,
  internal_error: undefined,
};

/** Whether the same request may succeed later. */
export function isRetryable({ code }: ChannelError): boolean {
  return code in passing;
}

/** Whether it may succeed with another token. */
export function isOfToken({ code }: ChannelError): boolean {
  return code === "unauthenticated" || code === "token_expired";
}

/** Milliseconds after which to try again, or undefined where trying again is of no use. */
export function retryAfterMs(error: ChannelError): number | undefined {
  if (!isRetryable(error)) return undefined;
  const { retryAfterMs: told } = error.details as { readonly retryAfterMs?: number };
  if (told !== undefined && Number.isFinite(told)) return told;
  return passing[error.code];
}
