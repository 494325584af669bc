import type { JetStreamReport } from "../../stores/jetstream/index.ts";
import { reasonOf } from "../data-directory.ts";
import { formatBytes } from "../terminal-text.ts";

const askMs = 5_000;
const nearlyFull = 0.8;

/** What must be known to trust what NATS has acknowledged. Empty where nothing is to be said. */
export async function durabilityWarnings(
  { streams }: JetStreamReport,
  monitorUrls: readonly string[],
): Promise<readonly string[]> {
  const warnings: string[] = [];
  const replicas = Math.min(...streams.map((stream) => stream.replicas));
  if (replicas === 1)
    warnings.push(
      "each message is on one NATS server only: while that one is away nothing goes on, and with its disk everything is lost; nats stream edit --replicas 3 makes more copies of each stream",
    );
  if (replicas === 2)
    warnings.push("streams have two copies: nothing can be written while either server is away");
  for (const { name, currentReplicas, replicas: wanted } of streams)
    if (currentReplicas < wanted)
      warnings.push(`${name} has ${currentReplicas} of ${wanted} copies that are up to date`);
  for (const { name, bytes, bytesMax } of streams)
    if (bytesMax > 0 && bytes > bytesMax * nearlyFull)
      warnings.push(
        `${name} holds ${formatBytes(bytes)} of at most ${formatBytes(bytesMax)}: before it is full, entries are refused with store_full`,
      );
  if (streams.some(({ bytesMax }) => bytesMax < 0))
    warnings.push(
      "streams have no limit of bytes: a full disk of the NATS servers stops everything on them at once",
    );
  return [...warnings, ...(await syncWarnings(monitorUrls, replicas))];
}

async function syncWarnings(
  monitorUrls: readonly string[],
  replicas: number,
): Promise<readonly string[]> {
  if (monitorUrls.length === 0)
    return [
      `nobody has said whether the NATS servers sync each write (sync_interval: always): if not, ${lossOf(replicas, "up to two minutes, their default")}; name their monitoring with --nats-monitor, and they are asked`,
    ];
  const found = await Promise.all(monitorUrls.map(askSync));
  const loss = lossOf(replicas, "what was acknowledged since the last time");
  return found.flatMap((warning) => (warning === undefined ? [] : [`${warning}: ${loss}`]));
}

function lossOf(replicas: number, what: string): string {
  const where = replicas === 1 ? "" : " of all NATS servers at once";
  return `a power cut${where} takes back ${what}`;
}

/** A warning, or undefined where each write is synced. */
async function askSync(monitorUrl: string): Promise<string | undefined> {
  try {
    const url = `${monitorUrl.replace(/\/+$/, "")}/jsz?config=1`;
    const response = await fetch(url, { signal: AbortSignal.timeout(askMs) });
    if (!response.ok) return `${monitorUrl} answers ${response.status} and not how it syncs`;
    const { config } = (await response.json()) as JszAnswer;
    if (config?.sync_always === true) return undefined;
    const interval = config?.sync_interval;
    return interval === undefined
      ? `${monitorUrl} does not say how it syncs`
      : `${monitorUrl} syncs every ${interval / 1e9} s only`;
  } catch (error) {
    return `${monitorUrl} cannot be asked how it syncs (${reasonOf(error)})`;
  }
}

/** What of `/jsz?config=1` is read here, as nats-server 2.10 has it. */
interface JszAnswer {
  readonly config?: {
    readonly sync_always?: boolean;
    /** In nanoseconds. */
    readonly sync_interval?: number;
  };
}
