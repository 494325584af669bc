import { randomUUID } from "node:crypto";
import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { ChannelError, invalidArgument } from "../core/errors.ts";
import { encodeError, errorStatus } from "../protocol/error-status.ts";
import type { RequestsUnderWay } from "./requests-under-way.ts";
import type { ServerLimits } from "./server-limits.ts";

/** Refuses what is not an HTTP request, or does not become one in time: no route has seen it. */
export function refuseBrokenRequest(
  error: Error & { readonly code?: string },
  socket: Socket,
  limits: ServerLimits,
  underWay: RequestsUnderWay,
): void {
  // The peer left, or an answer is under way that this would be written into.
  if (error.code === "ECONNRESET" || !socket.writable || underWay.isAnswering(socket)) {
    socket.destroy();
    return;
  }
  const refusal = refusalOf(error.code, limits);
  const { httpStatus } = errorStatus[refusal.code];
  const requestId = randomUUID();
  const body = JSON.stringify(encodeError(refusal, requestId));
  const head = [
    `HTTP/1.1 ${httpStatus} ${STATUS_CODES[httpStatus] ?? ""}`,
    "content-type: application/problem+json; charset=utf-8",
    `content-length: ${Buffer.byteLength(body)}`,
    "cache-control: no-store",
    `x-request-id: ${requestId}`,
    "connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
  // What it still sends is for nobody.
  socket.resume();
  socket.setTimeout(1_000, () => socket.destroy());
}

function refusalOf(
  code: string | undefined,
  { headerBytes, requestMs }: ServerLimits,
): ChannelError {
  if (code === "HPE_HEADER_OVERFLOW")
    return new ChannelError("header_too_large", { limitBytes: headerBytes });
  if (code === "ERR_HTTP_REQUEST_TIMEOUT")
    return new ChannelError("request_timeout", { limitMs: requestMs });
  return invalidArgument("request", "a valid HTTP/1.1 request", code);
}
