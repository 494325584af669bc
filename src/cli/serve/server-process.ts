import { fileURLToPath } from "node:url";
import { pino, type Logger } from "pino";
import { Broker } from "../../core/broker/broker.ts";
import { systemClock } from "../../core/system.ts";
import {
  AuditLog,
  createServer,
  type KeySource,
  type Server,
  type ServerOptions,
} from "../../server/index.ts";
import { isLoopback } from "../configuration.ts";
import {
  hasCode,
  removeServerNote,
  requireDataDirectory,
  writeServerNote,
} from "../data-directory.ts";
import { CommandError, ExitCode } from "../exit-code.ts";
import { localIdentity } from "../local-token.ts";
import { openKeyFiles } from "./key-files.ts";
import type { ServeConfiguration } from "./serve-configuration.ts";
import { openServedStore } from "./served-store.ts";
import type { LogLevel } from "./serve-settings.ts";

/** Where the build puts it: the same place for the built command and for its sources. */
const consoleDirectory = fileURLToPath(new URL("../../../dist/console", import.meta.url));

/** A server with all of its parts, until it is closed. */
export class ServerProcess {
  readonly url: string;
  readonly dataDirectory: string;
  readonly #server: Server;
  readonly #broker: Broker;

  /** Chooses the parts and starts them. Throws `CommandError` where it cannot listen or keep its secret. */
  static async start(options: ServeConfiguration): Promise<ServerProcess> {
    const dataDirectory = await requireDataDirectory(options.dataDirectory);
    const keys = await openKeyFiles(dataDirectory, options.keys);
    const logger = createLogger(options.logLevel);
    const audit = new AuditLog((line) => logger.warn({ audit: line }, "refused"), systemClock);
    const onError = (err: unknown, { stage }: { readonly stage: string }): void =>
      logger.error({ err, stage }, "failed in the background");
    const { store, storeBytesMax, backUp, warnings } = await openServedStore(options, onError);
    try {
      for (const warning of warnings ?? []) logger.warn({ stage: "store" }, warning);
      const broker = new Broker({
        store,
        limits: {
          ...options.brokerLimits,
          ...(storeBytesMax === undefined ? {} : { storeBytesMax }),
        },
        onError,
        onAudit: (event) => audit.note(event),
      });
      await broker.start();
      const parts = { ...keys, broker, logger, audit, ...(backUp === undefined ? {} : { backUp }) };
      const server = await listen(options, parts);
      await writeServerNote(dataDirectory, { url: server.url, pid: process.pid });
      return new ServerProcess(server, broker, dataDirectory);
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  private constructor(server: Server, broker: Broker, dataDirectory: string) {
    this.#server = server;
    this.#broker = broker;
    this.url = server.url;
    this.dataDirectory = dataDirectory;
  }

  /** Signs in once, as the person at this machine. */
  createSignInCode(): string {
    return this.#server.createSignInCode({ identity: localIdentity(), isAdmin: true });
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

async function listen(
  options: ServeConfiguration,
  parts: KeySource &
    Pick<ServerOptions, "backUp"> &
    Required<Pick<ServerOptions, "broker" | "logger" | "audit">>,
): Promise<Server> {
  const { host, port, publicUrls, allowedOrigins, trustedProxies, hasConsole } = options;
  try {
    return await createServer({
      ...parts,
      host,
      port,
      publicUrls: [...publicUrls, ...ownNames(host, port)],
      allowedOrigins,
      trustedProxies,
      ...(hasConsole ? { consoleDirectory } : {}),
      limits: options.serverLimits,
      ...options.streamTimes,
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
    if (hasCode(error, "ENOENT")) {
      throw new CommandError(
        `there is no built console in ${consoleDirectory}\nBuild it with npm run build, or do without: --without-console`,
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
