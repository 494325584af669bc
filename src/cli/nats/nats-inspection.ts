import {
  createJetStreamStore,
  inspectJetStreamStore,
  reepochJetStreamStore,
  type ContentsDamage,
  type JetStreamReport,
  type StoreCreation,
  type StoreLocation,
} from "../../stores/jetstream/index.ts";
import { escapeText, formatBytes } from "../terminal-text.ts";
import { durabilityWarnings } from "./durability.ts";
import type { NatsTarget } from "./nats-configuration.ts";
import { explainNatsFailure } from "./nats-failure.ts";
import { locateStore } from "./nats-target.ts";

/** A store on NATS servers, for a person and for a program. */
export interface NatsInspection {
  readonly json: JetStreamReport & { readonly warnings: readonly string[] };
  readonly rows: readonly (readonly [name: string, value: string])[];
  readonly damages: readonly string[];
  readonly warnings: readonly string[];
}

/** Throws `CommandError`. */
export async function inspectOnNats(
  target: NatsTarget,
  options: { readonly isThorough: boolean },
): Promise<NatsInspection> {
  return useNats(target, (location) => inspectJetStreamStore(location, options));
}

/** Throws `CommandError` also where there is another store of that name. */
export async function createOnNats(
  target: NatsTarget,
  creation: StoreCreation,
): Promise<NatsInspection> {
  return useNats(target, (location) => createJetStreamStore(location, creation));
}

/** Returns how many processes have a new epoch. Throws `CommandError`. */
export async function reepochOnNats(target: NatsTarget): Promise<number> {
  try {
    return await reepochJetStreamStore(await locateStore(target));
  } catch (error) {
    throw explainNatsFailure(error, target);
  }
}

async function useNats(
  target: NatsTarget,
  work: (location: StoreLocation) => Promise<JetStreamReport>,
): Promise<NatsInspection> {
  try {
    const report = await work(await locateStore(target));
    const warnings = await durabilityWarnings(report, target.monitorUrls);
    return {
      json: { ...report, warnings },
      rows: describeReport(report),
      damages: report.contents?.damages.map(describeDamage) ?? [],
      warnings,
    };
  } catch (error) {
    throw explainNatsFailure(error, target);
  }
}

function describeReport(report: JetStreamReport): NatsInspection["rows"] {
  const { name, serverVersion, cluster, streams, contents, messageBytesMax } = report;
  const sum = (field: "messages" | "subjects" | "bytes" | "bytesMax"): number =>
    streams.reduce((all, stream) => all + stream[field], 0);
  const place = cluster === undefined ? "one server" : `the cluster ${escapeText(cluster)}`;
  const limit = streams.some(({ bytesMax }) => bytesMax < 0)
    ? "without a limit"
    : `of at most ${formatBytes(sum("bytesMax"))}`;
  return [
    ["store", name],
    ["servers", `nats-server ${escapeText(serverVersion)}, ${place}`],
    ["streams", `${streams.length}, ${copiesOf(report)}`],
    ["bytes", `${formatBytes(sum("bytes"))} ${limit}`],
    ["messages", `${sum("messages")} on ${sum("subjects")} subjects`],
    ["largest message", formatBytes(messageBytesMax)],
    ...(contents === undefined
      ? []
      : ([
          ["processes", `${contents.processes}, ${contents.openProcesses} open`],
          ["channels", String(contents.channels)],
          ["entries", String(contents.entries)],
          ["damages", String(contents.damages.length)],
        ] as const)),
  ];
}

function copiesOf({ streams }: JetStreamReport): string {
  const [least, most] = [Math.min, Math.max].map((choose) =>
    choose(...streams.map(({ replicas }) => replicas)),
  );
  if (least !== most) return `${least} to ${most} copies each`;
  return most === 1 ? "one copy each" : `${most} copies each`;
}

function describeDamage({ subject, sequence, reason }: ContentsDamage): string {
  return sequence === undefined
    ? `${subject}: ${reason}`
    : `message ${sequence} of ${subject}: ${reason}`;
}
