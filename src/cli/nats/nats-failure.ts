import { JetStreamApiError } from "@nats-io/jetstream";
import { AuthorizationError, PermissionViolationError } from "@nats-io/transport-node";
import { JetStreamStoreError } from "../../stores/jetstream/index.ts";
import { reasonOf } from "../data-directory.ts";
import { CommandError, ExitCode } from "../exit-code.ts";
import { escapeText } from "../terminal-text.ts";
import type { NatsTarget } from "./nats-configuration.ts";

/** Codes of nats-server, from its server/errors.json. */
const noSuitablePeers = 10005;
const subjectOverlap = 10065;
const insufficientResources = [10023, 10028, 10047];
const replicasNotSupported = 10074;

/** What a person is told of a store on NATS that cannot be used: what is wrong, then what to do. */
export function explainNatsFailure(error: unknown, target: NatsTarget): CommandError {
  if (error instanceof CommandError) return error;
  const [message, remedy, exitCode = ExitCode.failure] = describe(error, target);
  return new CommandError(`${escapeText(message)}\n${remedy}`, exitCode, { cause: error });
}

type Explanation = readonly [message: string, remedy: string, exitCode?: ExitCode];

function describe(error: unknown, { address, storeName }: NatsTarget): Explanation {
  const reason = reasonOf(error);
  if (error instanceof JetStreamStoreError) return describeStoreError(error, address);
  const permission = permissionOf(error);
  if (permission !== undefined)
    return [
      `the user of NATS lacks a permission: ${permission.message}`,
      "docs/cluster.md lists what a node may publish and subscribe to.",
      ExitCode.refused,
    ];
  if (error instanceof AuthorizationError || reason.includes("Authorization Violation"))
    return [
      `${address} does not let us in: ${reason}`,
      "Name a user with --nats-credentials, --nats-nkey or --nats-user.",
      ExitCode.refused,
    ];
  if (error instanceof JetStreamApiError) return describeApiError(error, storeName);
  if (error instanceof Error && error.name === "JetStreamNotEnabled")
    return [
      `${address} has no JetStream for this user`,
      "Put jetstream {} into the configuration of its servers, and of its account if it has accounts.",
    ];
  return [
    `cannot use ${address}: ${reason}`,
    "Is it running, and does it take connections from here?",
    ExitCode.unreachable,
  ];
}

function describeStoreError({ kind, message }: JetStreamStoreError, address: string): Explanation {
  switch (kind) {
    case "absent":
      return [
        `${message} at ${address}`,
        `Make it with: jobwire store init --store ${address}`,
        ExitCode.notFound,
      ];
    case "busy":
      return [message, "Stop every jobwire serve on it first."];
    case "too_old":
      return [message, "docs/cluster.md says which versions were tested."];
    case "different":
      return [message, "docs/cluster.md says how the streams of a store must be."];
  }
}

function describeApiError(error: JetStreamApiError, storeName: string): Explanation {
  const said = `NATS refused: ${error.message} (${error.code})`;
  if (error.code === replicasNotSupported)
    return [said, "More than one copy needs a cluster of NATS servers."];
  if (error.code === noSuitablePeers)
    return [said, "It has too few servers for that many copies, or too little room on them."];
  if (error.code === subjectOverlap)
    return [
      said,
      `Another stream has subjects below ${storeName}: choose another name with --nats-store-name.`,
    ];
  if (insufficientResources.includes(error.code))
    return [
      said,
      "Streams reserve what they may hold: make it less with --stream-limit, or give JetStream more.",
    ];
  return [said, "docs/cluster.md says what a store needs of NATS."];
}

function permissionOf(error: unknown): PermissionViolationError | undefined {
  if (error instanceof PermissionViolationError) return error;
  return error instanceof Error && error.cause instanceof PermissionViolationError
    ? error.cause
    : undefined;
}
