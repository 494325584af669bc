import { isChannelError, type ErrorCode } from "../core/errors.ts";
import { defaultSystem } from "../core/system.ts";
import { Api, UnreachableError } from "./api.ts";
import { defaultUrl, isLoopback, type Configuration } from "./configuration.ts";
import {
  GivenCredentials,
  LocalCredentials,
  noCredentials,
  type Credentials,
} from "./credentials.ts";
import { readServerNote } from "./data-directory.ts";
import { CommandError, ExitCode } from "./exit-code.ts";
import { readSecret, requireSecret } from "./secret-file.ts";
import { escapeText } from "./terminal-text.ts";

/** The server that the configuration means, with the best credentials that there are for it. Sends nothing. */
export async function connect({ url, token, dataDirectory }: Configuration): Promise<Api> {
  const note = await readServerNote(dataDirectory);
  const address = url ?? note?.url ?? defaultUrl;
  // A token made here is worth something here: it is shown to this machine's servers only.
  const isLocal = isLoopback(address) || address === note?.url;
  const credentials = await chooseCredentials(token, isLocal ? dataDirectory : undefined);
  return new Api(address, credentials, defaultSystem);
}

async function chooseCredentials(
  token: string | undefined,
  directory: string | undefined,
): Promise<Credentials> {
  if (token !== undefined) return new GivenCredentials(token);
  if (directory === undefined || (await readSecret(directory)) === undefined) return noCredentials;
  return new LocalCredentials(() => requireSecret(directory), defaultSystem);
}

const exitCodes: Partial<Record<ErrorCode, ExitCode>> = {
  unauthenticated: ExitCode.refused,
  token_expired: ExitCode.refused,
  forbidden: ExitCode.refused,
  unauthorized: ExitCode.refused,
  misdirected_request: ExitCode.refused,
  origin_refused: ExitCode.refused,
  process_not_found: ExitCode.notFound,
  channel_not_found: ExitCode.notFound,
  grant_not_found: ExitCode.notFound,
  invalid_argument: ExitCode.usage,
  shutting_down: ExitCode.unreachable,
};

const remedies: Partial<Record<ErrorCode, string>> = {
  unauthenticated:
    "Set JOBWIRE_TOKEN to a token of this server, or name the server's own folder with --data-directory.",
  token_expired: "Set JOBWIRE_TOKEN to a new token.",
  misdirected_request:
    "The server does not know itself by this name: use the URL that it printed when it started.",
  process_not_found: "See what there is with: jobwire ps --all",
};

/** What a person is told of a failure, and what the command exits with. */
export function explainFailure(error: unknown): {
  readonly message: string;
  readonly exitCode: ExitCode;
} {
  if (error instanceof CommandError) return { message: error.message, exitCode: error.exitCode };
  if (error instanceof UnreachableError) {
    const reason = innermostMessage(error.cause);
    const message = `${error.message}${reason === "" ? "" : ` (${escapeText(reason)})`}\nStart one with: jobwire serve\nAnother address is given with --url or JOBWIRE_URL.`;
    return { message, exitCode: ExitCode.unreachable };
  }
  if (isChannelError(error)) {
    const { code, details } = error;
    const reason =
      "reason" in details && !error.message.includes(String(details.reason))
        ? `: ${String(details.reason)}`
        : "";
    const subject = subjectOf(details);
    const remedy = remedies[code] === undefined ? "" : `\n${remedies[code]}`;
    return {
      message: escapeText(`${error.message}${subject}${reason}`) + remedy,
      exitCode: exitCodes[code] ?? ExitCode.failure,
    };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { message: escapeText(message), exitCode: ExitCode.failure };
}

function subjectOf(details: object): string {
  const { channel, processId } = details as {
    readonly channel?: string;
    readonly processId?: string;
  };
  if (channel !== undefined) return `: ${channel}`;
  return processId === undefined ? "" : `: ${processId}`;
}

/** What the system said: fetch wraps it. */
function innermostMessage(error: unknown): string {
  let current = error;
  while (current instanceof Error && current.cause !== undefined) current = current.cause;
  if (!(current instanceof Error)) return "";
  // Node tries each address of a name and reports all of them without a message.
  const inner: unknown = current instanceof AggregateError ? current.errors[0] : current;
  return inner instanceof Error ? inner.message : "";
}
