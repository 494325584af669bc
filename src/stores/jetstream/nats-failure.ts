import { JetStreamApiCodes, JetStreamApiError } from "@nats-io/jetstream";
import { InvalidArgumentError, PermissionViolationError } from "@nats-io/transport-node";
import { JetStreamFailure } from "./jet-stream.ts";

/** Codes of nats-server, from its server/errors.json. */
const Code = {
  /** Another publish for the subject is under way, or its expectation is wrong: the server does not say. */
  wrongLastSequenceUnknown: 10164,
  /** The stream's limit of bytes, or of messages per subject: only the text tells. */
  streamStoreFailed: 10077,
  accountResourcesExceeded: 10002,
  insufficientResources: 10023,
  memoryResourcesExceeded: 10028,
  storageResourcesExceeded: 10047,
} as const;

const noRoom: readonly number[] = [
  Code.accountResourcesExceeded,
  Code.insufficientResources,
  Code.memoryResourcesExceeded,
  Code.storageResourcesExceeded,
];

/** What a request's failure means. Whatever is not known for certain is `unavailable`: it may have been done. */
export function toFailure(error: unknown, what: string): JetStreamFailure {
  const kind = kindOf(error);
  const reason = error instanceof Error ? error.message : String(error);
  return new JetStreamFailure(kind, `${what}: ${reason}`, { cause: error });
}

function kindOf(error: unknown): JetStreamFailure["kind"] {
  if (isPermission(error) || error instanceof InvalidArgumentError) return "refused";
  if (!(error instanceof JetStreamApiError)) return "unavailable";
  const { code, status, message } = error;
  if (code === JetStreamApiCodes.StreamWrongLastSequence) return "conflict";
  if (code === Code.wrongLastSequenceUnknown) return "unavailable";
  if (code === Code.streamStoreFailed)
    return message.includes("maximum bytes") ? "full" : "unavailable";
  if (noRoom.includes(code)) return "full";
  return status >= 400 && status < 500 ? "refused" : "unavailable";
}

function isPermission(error: unknown): boolean {
  if (error instanceof PermissionViolationError) return true;
  return error instanceof Error && error.cause instanceof PermissionViolationError;
}
