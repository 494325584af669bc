import { isChannelError } from "../../src/core/errors.ts";
import type { JsonProcess } from "../../src/protocol/index.ts";
import { SuiteFailure } from "../../src/testing/assertion.ts";
import { Reader } from "./crash-reader.ts";
import type { CrashWorld } from "./crash-world.ts";
import { channelNames, submitter } from "./process-life.ts";
import type { ProcessLife } from "./process-life.ts";

/** Compares everything that a server has with what its clients know, while they go on. */
export async function auditServer(world: CrashWorld): Promise<void> {
  const lives = [...world.lives];
  await Promise.all([
    ...lives.map((life) => auditProcess(world, life)),
    ...lives.flatMap((life) => channelNames.map((name) => new Reader(world, life, name).readAll())),
    ...[...world.deleted].map((id) => requireGone(world, id)),
  ]);
}

async function auditProcess(world: CrashWorld, life: ProcessLife): Promise<void> {
  const { settled } = life;
  if (settled === undefined) return;
  const found = await getProcess(world, life.id);
  // Whoever changes it meanwhile hears the answer himself.
  if (life.settled !== settled) return;
  const [is, was] = [found, settled].map(describe);
  if (is !== was) throw new SuiteFailure(`${life.id} was ${was} and is now ${is}`);
}

async function requireGone(world: CrashWorld, id: string): Promise<void> {
  const found = await getProcess(world, id);
  if (found !== undefined && world.deleted.has(id))
    throw new SuiteFailure(`${id} was deleted and is there again: ${describe(found)}`);
}

async function getProcess(world: CrashWorld, id: string): Promise<JsonProcess | undefined> {
  return await world.insist(submitter, async (api) => {
    try {
      return (await api.request("GET", `/v1/processes/${id}`)) as JsonProcess;
    } catch (error) {
      if (isChannelError(error, "process_not_found")) return undefined;
      throw error;
    }
  });
}

/** All but the revision, which other writes move too. */
function describe(process: JsonProcess | undefined): string {
  return JSON.stringify({ ...process, revision: "" });
}
