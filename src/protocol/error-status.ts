import type { ChannelError, ErrorCode } from "../core/errors.ts";

export interface ErrorStatus {
  readonly httpStatus: number;
  /** WebSocket close code: 4000–4499 come back, 4500–4999 do not. */
  readonly closeCode: number;
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
}

const status = (httpStatus: number, closeCode: number): ErrorStatus => ({
  httpStatus,
  closeCode,
  retryable: closeCode < 4500,
});

/** What each error is on each wire: the one table. */
export const errorStatus: Readonly<Record<ErrorCode, ErrorStatus>> = {
  channel_not_found: status(404, 4504),
  unauthorized: status(403, 4503),
  channel_exists: status(409, 4509),
  rate_limit_exceeded: status(429, 4029),
  message_too_large: status(413, 4513),
  channel_full: status(409, 4510),
  too_many_channels: status(409, 4511),
  subscriber_too_slow: status(408, 4008),
  process_not_found: status(404, 4505),
  process_exists: status(409, 4512),
  process_closed: status(409, 4520),
  process_not_waiting: status(409, 4521),
  grant_not_found: status(404, 4517),
  too_many_grants: status(409, 4518),
  too_many_processes: status(429, 4030),
  executor_fenced: status(409, 4522),
  sequence_conflict: status(409, 4530),
  sequence_gap: status(409, 4031),
  sequence_too_old: status(409, 4531),
  producer_unknown: status(409, 4532),
  too_many_producers: status(429, 4032),
  // Told by clients of themselves; no server sends it.
  data_lost: status(410, 4533),
  batch_too_large: status(413, 4514),
  invalid_argument: status(400, 4500),
  unauthenticated: status(401, 4501),
  token_expired: status(401, 4502),
  forbidden: status(403, 4506),
  misdirected_request: status(421, 4523),
  origin_refused: status(403, 4507),
  route_not_found: status(404, 4508),
  method_not_allowed: status(405, 4515),
  unsupported_media_type: status(415, 4516),
  header_too_large: status(431, 4519),
  request_timeout: status(408, 4037),
  too_many_requests: status(429, 4038),
  overloaded: status(503, 4033),
  unavailable: status(503, 4034),
  store_failed: status(503, 4035),
  store_full: status(507, 4036),
  shutting_down: status(503, 4001),
  internal_error: status(500, 4000),
};

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
