import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { ChannelError, invalidArgument, isChannelError } from "../core/errors.ts";
import { retryAfterMs } from "../protocol/error-retry.ts";
import { encodeError, errorStatus } from "../protocol/error-status.ts";

/** The framework's own refusals as ours; anything unknown is `internal_error` and tells a peer nothing. */
export function toProblem(error: unknown, bodyLimit: number): ChannelError {
  if (isChannelError(error)) return error;
  const { code, validation, validationContext, statusCode } = error as Partial<FastifyError>;
  if (validation !== undefined) {
    const [first] = validation;
    const path = `${validationContext ?? "body"}${(first?.instancePath ?? "").replaceAll("/", ".")}`;
    const { additionalProperty } = (first?.params ?? {}) as { additionalProperty?: unknown };
    const extra =
      typeof additionalProperty === "string"
        ? ` (${JSON.stringify(additionalProperty.slice(0, 80))})`
        : "";
    return invalidArgument(
      path,
      `as the protocol says: it ${first?.message ?? "does not match"}${extra}`,
    );
  }
  if (code === "FST_ERR_CTP_BODY_TOO_LARGE")
    return new ChannelError("message_too_large", { limitBytes: bodyLimit }, { cause: error });
  if (code === "FST_ERR_CTP_INVALID_MEDIA_TYPE")
    return new ChannelError(
      "unsupported_media_type",
      { expected: "application/json" },
      { cause: error },
    );
  // Errors of the framework about what the client sent carry a status of their own.
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return invalidArgument("request", "a valid HTTP request", code);
  return new ChannelError("internal_error", {}, { cause: error });
}

export function sendProblem(
  request: FastifyRequest,
  reply: FastifyReply,
  error: ChannelError,
): FastifyReply {
  const { httpStatus } = errorStatus[error.code];
  const waitMs = retryAfterMs(error);
  if (waitMs !== undefined)
    void reply.header("retry-after", String(Math.max(1, Math.ceil(waitMs / 1000))));
  if (httpStatus === 401) void reply.header("www-authenticate", "Bearer");
  if (isChannelError(error, "method_not_allowed"))
    void reply.header("allow", error.details.allowed);
  return reply
    .code(httpStatus)
    .type("application/problem+json")
    .header("x-request-id", request.id)
    .header("cache-control", "no-store")
    .send(JSON.stringify(encodeError(error, request.id)));
}
