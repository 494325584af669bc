import type { ProcessView } from "../core/broker/views.ts";
import { isChannelError } from "../core/errors.ts";
import type { Api } from "./api.ts";
import { CommandError, ExitCode } from "./exit-code.ts";
import { listProcesses, newestOf } from "./process-list.ts";
import { escapeText, fitText } from "./terminal-text.ts";

const idForm = /^[A-Za-z0-9][A-Za-z0-9._~-]{0,127}$/;
const candidatesShownMax = 5;

/** For `--help` of every command that takes one. */
export const processNameHelp =
  "its id, its name (the newest that has it), the beginning of its id, or @last";

/**
 * The process that a person means. The whole id wins, then a name, then the beginning of an id: who has
 * given a name means that. Throws `CommandError` if there is none, or more than one.
 */
export async function resolveProcess(api: Api, name: string): Promise<ProcessView> {
  return await api.retryBrokenLine(() => findByName(api, name));
}

async function findByName(api: Api, name: string): Promise<ProcessView> {
  if (name === "@last") {
    const newest = newestOf(await listProcesses(api));
    if (newest !== undefined) return newest;
    throw new CommandError(
      "there is no process yet\nStart one with: jobwire run -- program",
      ExitCode.notFound,
    );
  }
  const exact = idForm.test(name) ? await findProcess(api, name) : undefined;
  if (exact !== undefined) return exact;
  const named = name === "" ? undefined : newestOf(await listProcesses(api, { label: name }));
  if (named !== undefined) return named;
  const mayBeginId = idForm.test(name);
  return requireOnly(
    name,
    mayBeginId ? (await listProcesses(api)).filter(({ id }) => id.startsWith(name)) : [],
  );
}

async function findProcess(api: Api, id: string): Promise<ProcessView | undefined> {
  try {
    return await api.ask((wire) => wire.process(id).get());
  } catch (error) {
    if (isChannelError(error, "process_not_found")) return undefined;
    throw error;
  }
}

function requireOnly(name: string, candidates: readonly ProcessView[]): ProcessView {
  const [first, second] = candidates;
  if (first !== undefined && second === undefined) return first;
  const shown = escapeText(name);
  if (first === undefined) {
    throw new CommandError(
      `no process is called ${shown}\nSee what there is with: jobwire ps --all`,
      ExitCode.notFound,
    );
  }
  const list = candidates
    .slice(0, candidatesShownMax)
    .map(({ id, label }) => `  ${id}  ${fitText(label, 40)}`.trimEnd());
  const more =
    candidates.length > candidatesShownMax
      ? [`  and ${candidates.length - candidatesShownMax} more`]
      : [];
  throw new CommandError(
    [`${shown} begins the id of more than one process:`, ...list, ...more].join("\n"),
    ExitCode.usage,
  );
}
