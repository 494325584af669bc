import { ChannelError, isErrorCode } from "../core/errors.ts";
import type { ErrorCode } from "../core/errors.ts";

export interface ErrorStatus {
  readonly httpStatus: number;
  /** WebSocket close code: 4000–4499 come back, 4500–4999 do not. */
  readonly closeCode: number;
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
}

const final = (httpStatus: number, closeCode: number): ErrorStatus => ({
  httpStatus,
  closeCode,
  retryable: false,
});
const passing = (httpStatus: number, closeCode: number): ErrorStatus => ({
  httpStatus,
  closeCode,
  retryable: true,
});

/** What each error is on each wire: the one table. */
export const errorStatus: Readonly<Record<ErrorCode, ErrorStatus>> = {
  channel_not_found: final(404, 4504),
  unauthorized: final(403, 4503),
  channel_exists: final(409, 4509),
  rate_limit_exceeded: passing(429, 4029),
  message_too_large: final(413, 4513),
  channel_full: final(409, 4510),
  too_many_channels: final(409, 4511),
  subscriber_too_slow: passing(408, 4008),
  process_not_found: final(404, 4505),
  process_exists: final(409, 4512),
  process_closed: final(409, 4520),
  process_not_waiting: final(409, 4521),
  grant_not_found: final(404, 4517),
  too_many_grants: final(409, 4518),
  too_many_processes: passing(429, 4030),
  executor_fenced: final(409, 4522),
  sequence_conflict: final(409, 4530),
  sequence_gap: passing(409, 4031),
  sequence_too_old: final(409, 4531),
  producer_unknown: final(409, 4532),
  too_many_producers: passing(429, 4032),
  // Told by clients of themselves; no server sends it.
  data_lost: final(410, 4533),
  batch_too_large: final(413, 4514),
  invalid_argument: final(400, 4500),
  unauthenticated: final(401, 4501),
  token_expired: final(401, 4502),
  forbidden: final(403, 4506),
  misdirected_request: final(421, 4523),
  origin_refused: final(403, 4507),
  route_not_found: final(404, 4508),
  method_not_allowed: final(405, 4515),
  unsupported_media_type: final(415, 4516),
  header_too_large: final(431, 4519),
  request_timeout: passing(408, 4037),
  too_many_requests: passing(429, 4038),
  overloaded: passing(503, 4033),
  unavailable: passing(503, 4034),
  store_failed: passing(503, 4035),
  store_full: passing(507, 4036),
  shutting_down: passing(503, 4001),
  internal_error: passing(500, 4000),
};

/** How long a client should wait where the error itself does not say. */
const patienceMs: Partial<Record<ErrorCode, number>> = {
  store_failed: 30_000,
  store_full: 10_000,
  unavailable: 1_000,
  too_many_producers: 60_000,
  too_many_processes: 5_000,
};

/** Milliseconds after which to try again, or undefined where trying again is of no use. */
export function retryAfterMs(error: ChannelError): number | undefined {
  if (!errorStatus[error.code].retryable) return undefined;
  const { retryAfterMs: told } = error.details as { readonly retryAfterMs?: number };
  if (told !== undefined && Number.isFinite(told)) return told;
  return patienceMs[error.code];
}

/** application/problem+json (RFC 9457) with a stable `code`. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ErrorCode;
  readonly detail: string;
  readonly retryable: boolean;
  readonly details: Readonly<Record<string, unknown>>;
  readonly requestid?: string;
}

export function encodeError(error: ChannelError, requestId?: string): Problem {
  const { httpStatus, retryable } = errorStatus[error.code];
  return {
    type: `https://jobwire.dev/errors/${error.code}`,
    title: error.code.replaceAll("_", " "),
    status: httpStatus,
    code: error.code,
    detail: error.message,
    retryable,
    details: { ...error.details },
    ...(requestId === undefined ? {} : { requestid: requestId }),
  };
}

/** The same error again, or undefined for what is not a problem of this protocol. */
export function decodeError(value: unknown): ChannelError | undefined {
  if (typeof value !== "object" || value === null || !("code" in value) || !isErrorCode(value.code))
    return undefined;
  const details =
    "details" in value && typeof value.details === "object" && value.details !== null
      ? value.details
      : {};
  return new ChannelError(value.code, details);
}
