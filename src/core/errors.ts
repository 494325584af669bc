/** Details that each error code carries; empty where the message says all. */
export interface ErrorDetails {
  // The seed's eight.
  channel_not_found: { processId?: string; channel: string };
  unauthorized: { identity?: string; reason?: string };
  channel_exists: { channel: string; reason?: string };
  rate_limit_exceeded: { retryAfterMs: number };
  message_too_large: { limitBytes: number; actualBytes?: number };
  channel_full: { limit: "maxLogEntries" | "maxLogBytes"; limitValue: number };
  too_many_channels: { limitChannels: number };
  subscriber_too_slow: { resumeAfter: number };
  // Processes.
  process_not_found: { processId: string };
  process_exists: { processId: string };
  process_closed: { processId: string; lastSequence?: number };
  process_not_waiting: { processId: string; state: string };
  grant_not_found: { processId: string; grantId: string };
  too_many_grants: { processId: string; limitGrants: number };
  too_many_processes: { submitterId: string; limitProcesses: number };
  executor_fenced: { processId: string; term: number; lastSequence?: number };
  // Exactly once.
  sequence_conflict: { sequence: number };
  sequence_gap: { expectedSequence: number; actualSequence: number };
  sequence_too_old: { sequence: number };
  producer_unknown: { producer: string };
  too_many_producers: { limitProducers: number };
  data_lost: { processId: string; channel: string };
  batch_too_large: { limit: "entries" | "bytes"; limitValue: number; actualValue: number };
  // Requests.
  invalid_argument: { argument: string; expected: string; actual?: string | undefined };
  unauthenticated: { reason: string };
  token_expired: { expiredAt?: number };
  forbidden: { reason: string };
  misdirected_request: { host: string };
  origin_refused: { origin: string };
  route_not_found: { path: string };
  method_not_allowed: { method: string; allowed: string };
  unsupported_media_type: { expected: string };
  header_too_large: { limitBytes: number };
  request_timeout: { limitMs: number };
  too_many_requests: { limit: string; retryAfterMs: number };
  // Conditions of the server.
  overloaded: { retryAfterMs: number };
  unavailable: { reason: string };
  store_failed: { reason: string };
  store_full: { reason: string };
  shutting_down: { retryAfterMs: number };
  internal_error: { requestId?: string };
}

export type ErrorCode = keyof ErrorDetails;

/** The seed's messages are kept word for word; the others follow their form. */
const messages: { readonly [Code in ErrorCode]: (details: ErrorDetails[Code]) => string } = {
  channel_not_found: () => "channel not found",
  unauthorized: () => "unauthorized access to channel",
  channel_exists: () => "channel already exists",
  rate_limit_exceeded: () => "rate limit exceeded",
  message_too_large: () => "message payload exceeds maximum size",
  channel_full: () => "channel log is full",
  too_many_channels: () => "process has too many channels",
  subscriber_too_slow: () => "subscriber disconnected: buffer full",
  process_not_found: () => "process not found",
  process_exists: () => "process already exists with another specification",
  process_closed: () => "process is closed",
  process_not_waiting: (d) => `process already has an executor or is closed: it is ${d.state}`,
  grant_not_found: () => "grant not found",
  too_many_grants: (d) => `process has ${d.limitGrants} grants already`,
  too_many_processes: (d) => `submitter has ${d.limitProcesses} open processes already`,
  executor_fenced: () => "executor was replaced",
  sequence_conflict: (d) => `sequence ${d.sequence} was used for another message`,
  sequence_gap: (d) => `expected sequence ${d.expectedSequence}, got ${d.actualSequence}`,
  sequence_too_old: (d) => `sequence ${d.sequence} is too old to tell a repeat from a new message`,
  producer_unknown: () => "producer is no longer remembered",
  too_many_producers: () => "channel has too many recent producers",
  data_lost: () => "the server has forgotten entries that it had acknowledged",
  batch_too_large: (d) => `batch exceeds ${d.limitValue} ${d.limit}`,
  invalid_argument: (d) =>
    `${d.argument} must be ${d.expected}${d.actual === undefined ? "" : `, got ${d.actual}`}`,
  unauthenticated: (d) => `authentication required: ${d.reason}`,
  token_expired: () => "token has expired",
  forbidden: (d) => `not permitted: ${d.reason}`,
  misdirected_request: () => "host is not served here",
  origin_refused: () => "cross-origin request refused",
  route_not_found: () => "no such route",
  method_not_allowed: (d) => `method ${d.method} is not allowed here, use ${d.allowed}`,
  unsupported_media_type: (d) => `unsupported media type, expected ${d.expected}`,
  header_too_large: (d) => `request header exceeds ${d.limitBytes} bytes`,
  request_timeout: (d) => `request did not arrive within ${d.limitMs} ms`,
  too_many_requests: (d) => `too many requests of this address: ${d.limit}`,
  overloaded: () => "server is overloaded",
  unavailable: (d) => `temporarily unavailable: ${d.reason}`,
  store_failed: () => "store has stopped after a failed write",
  store_full: () => "store is full",
  shutting_down: () => "server is shutting down",
  internal_error: () => "internal error",
};

export const errorCodes = Object.keys(messages) as readonly ErrorCode[];

/**
 * The one error class of expected failures. Its message is derived from code and details, so that the
 * wire carries only those two and the other end builds the same error again.
 */
export class ChannelError<Code extends ErrorCode = ErrorCode> extends Error {
  readonly code: Code;
  readonly details: ErrorDetails[Code];

  constructor(code: Code, details: ErrorDetails[Code], options?: { cause?: unknown }) {
    super(messages[code](details), options);
    this.name = "ChannelError";
    this.code = code;
    this.details = details;
  }
}

/** True for a ChannelError, of the given code if one is named. Works across copies of this package. */
export function isChannelError<Code extends ErrorCode = ErrorCode>(
  error: unknown,
  code?: Code,
): error is ChannelError<Code> {
  if (!(error instanceof Error && error.name === "ChannelError" && "code" in error)) return false;
  return code === undefined ? isErrorCode(error.code) : error.code === code;
}

export function isErrorCode(value: unknown): value is ErrorCode {
  return (errorCodes as readonly unknown[]).includes(value);
}

/** Short form for the most frequent refusal of bad input. */
export function invalidArgument(
  argument: string,
  expected: string,
  actual?: string,
): ChannelError<"invalid_argument"> {
  return new ChannelError("invalid_argument", { argument, expected, actual });
}

/** Short form for what cannot be had now and may be had later. */
export function unavailable(reason: string, cause?: unknown): ChannelError<"unavailable"> {
  return new ChannelError("unavailable", { reason }, { cause });
}
