import { totalmem } from "node:os";
import { pino, type Logger } from "pino";
import { Broker } from "../../core/broker/broker.ts";
import { createServer, type Server, type TokenKey } from "../../server/index.ts";
import { MemoryStore } from "../../stores/memory/memory-store.ts";
import { isLoopback } from "../configuration.ts";
import {
  ensureSecret,
  hasCode,
  removeServerNote,
  requireDataDirectory,
  writeServerNote,
} from "../data-directory.ts";
import { CommandError, ExitCode } from "../exit-code.ts";

export const logLevels = ["fatal", "error", "warn", "info", "debug", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

export interface ServerProcessOptions {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly publicUrls: readonly string[];
  readonly dataDirectory: string;
  readonly logLevel: LogLevel;
  /** Half of the machine's memory unless given. */
  readonly storeBytesMax?: number;
}

/** A server with all of its parts, until it is closed. */
export class ServerProcess {
  readonly url: string;
  readonly dataDirectory: string;
  readonly #server: Server;
  readonly #broker: Broker;

  /** Chooses the parts and starts them. Throws `CommandError` where it cannot listen or keep its secret. */
  static async start(options: ServerProcessOptions): Promise<ServerProcess> {
    const dataDirectory = await requireDataDirectory(options.dataDirectory);
    const secret = await ensureSecret(dataDirectory);
    const logger = createLogger(options.logLevel);
    const { storeBytesMax = Math.floor(totalmem() / 2) } = options;
    const broker = new Broker({
      store: new MemoryStore(),
      limits: { storeBytesMax },
      onError: (err, { stage }) => logger.error({ err, stage }, "failed in the background"),
      onAudit: (audit) => logger.warn({ audit }, "refused"),
    });
    await broker.start();
    const server = await listen(options, { broker, keys: [{ kind: "hmac", secret }], logger });
    await writeServerNote(dataDirectory, { url: server.url, pid: process.pid });
    return new ServerProcess(server, broker, dataDirectory);
  }

  private constructor(server: Server, broker: Broker, dataDirectory: string) {
    this.#server = server;
    this.#broker = broker;
    this.url = server.url;
    this.dataDirectory = dataDirectory;
  }

  /** Ends every stream with a reason from which clients come back, and settles what is under way. */
  async close(): Promise<void> {
    // First, so that nobody is sent to a server that is going.
    await removeServerNote(this.dataDirectory, process.pid);
    await this.#server.close();
    await this.#broker.store.close();
  }
}

function createLogger(level: LogLevel): Logger {
  const redact = [
    "token",
    "*.token",
    "authorization",
    "*.authorization",
    "*.headers.authorization",
    "payload",
    "*.payload",
  ];
  // Synchronous: the last words of a process that fails are the ones that matter.
  return pino({ level, redact }, pino.destination({ fd: 2, sync: true }));
}

interface Parts {
  readonly broker: Broker;
  readonly keys: readonly TokenKey[];
  readonly logger: Logger;
}

async function listen(
  { host, port, publicUrls }: ServerProcessOptions,
  parts: Parts,
): Promise<Server> {
  try {
    return await createServer({
      ...parts,
      host,
      port,
      publicUrls: [...publicUrls, ...ownNames(host, port)],
    });
  } catch (error) {
    await parts.broker.close();
    const place = `port ${port} of ${host}`;
    if (hasCode(error, "EADDRINUSE")) {
      throw new CommandError(
        `${place} is taken, perhaps by a Jobwire server that already runs: jobwire ps\nChoose another one with --port; 0 takes any that is free.`,
        ExitCode.failure,
        { cause: error },
      );
    }
    if (
      hasCode(error, "EACCES") ||
      hasCode(error, "EADDRNOTAVAIL") ||
      hasCode(error, "ENOTFOUND")
    ) {
      throw new CommandError(
        `cannot listen on ${place}: ${(error as Error).message}`,
        ExitCode.failure,
        { cause: error },
      );
    }
    throw error;
  }
}

/** Who names an address to listen on wants to be reached by it. */
function ownNames(host: string, port: number): readonly string[] {
  if (port === 0 || host === "0.0.0.0" || host === "::") return [];
  const url = `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
  return URL.canParse(url) && !isLoopback(url) ? [url] : [];
}
