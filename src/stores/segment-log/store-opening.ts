import { defaultSystem } from "../../core/system.ts";
import { epochLength } from "../../core/process-record.ts";
import type { System } from "../../core/system.ts";
import { DurableDirectory } from "./durable-directory.ts";
import { Maintenance } from "./maintenance.ts";
import type { SyncMode } from "./log-writer.ts";
import { RecordKind, formatVersion } from "./segment-format.ts";
import { SegmentLog } from "./segment-log.ts";
import { parseSegmentName, temporarySuffix } from "./segment-names.ts";
import { packRecord } from "./series.ts";
import { StoreOpenError } from "./store-damage.ts";
import type { StoreDamage } from "./store-damage.ts";
import type { StoreDirectory } from "./store-directory.ts";
import { needsNewEpochs, readNote, writeNote } from "./store-note.ts";
import type { StoreNote } from "./store-note.ts";

const MiB = 1024 * 1024;
const storeIdLength = 16;
const knownDamagesMax = 1_000;

export interface SegmentLogStoreOptions {
  readonly directory: StoreDirectory;
  /** Clock and random ids. */
  readonly system?: System;
  /** When what is acknowledged is on disk; by default always. */
  readonly sync?: SyncMode;
  /** Size of a segment, in bytes, from 4 KiB to 1 GiB. */
  readonly segmentBytes?: number;
  /** Reads of files at a time. The system's threads, four unless told otherwise, are shared with the log. */
  readonly readsAtOnce?: number;
  /** Silence after which the last frame is proven to be on disk, in milliseconds. */
  readonly idleMs?: number;
  /** Names the machine's present boot; after another one, what was not synced is gone. */
  readonly bootId?: string;
  /** False: start from the segments alone, whatever checkpoint there is. */
  readonly usesCheckpoint?: boolean;
  /** Told of every failure that nobody waits for, and of damage. */
  readonly onError?: (error: unknown, context: { readonly stage: string }) => void;
  /** Called once when the store is closed: lets the next program in. */
  readonly onClosed?: () => Promise<void> | void;
}

export type ResolvedStoreOptions = Omit<Required<SegmentLogStoreOptions>, "directory"> & {
  readonly directory: DurableDirectory;
};

/** Throws `RangeError` for a size that cannot be. */
export function resolveStoreOptions({
  directory,
  system = defaultSystem,
  sync = "always",
  segmentBytes = 64 * MiB,
  readsAtOnce = 2,
  idleMs = 1_000,
  bootId = "",
  usesCheckpoint = true,
  onError = () => undefined,
  onClosed = () => undefined,
}: SegmentLogStoreOptions): ResolvedStoreOptions {
  if (!(Number.isInteger(segmentBytes) && segmentBytes >= 4096 && segmentBytes <= 1024 * MiB))
    throw new RangeError(`segmentBytes must be from 4096 to 2^30, got ${segmentBytes}`);
  if (!(readsAtOnce >= 1))
    throw new RangeError(`readsAtOnce must be at least 1, got ${readsAtOnce}`);
  if (typeof sync === "object" && !(sync.intervalMs >= 1))
    throw new RangeError(`sync.intervalMs must be at least 1, got ${sync.intervalMs}`);
  return {
    directory: new DurableDirectory(directory),
    ...{ system, sync, segmentBytes, readsAtOnce, idleMs, bootId },
    ...{ usesCheckpoint, onError, onClosed },
  };
}

/** An open store from its first to its last moment. */
export interface StoreSession {
  readonly options: ResolvedStoreOptions;
  /** What the directory says while the store is open. */
  readonly note: StoreNote;
  readonly log: SegmentLog;
  readonly maintenance: Maintenance;
  close(): Promise<void>;
}

/** Opens what is in the directory, or begins a new store in an empty one. */
export async function openStore(given: SegmentLogStoreOptions): Promise<StoreSession> {
  const options = resolveStoreOptions(given);
  const { directory, system, onError } = options;
  const names = await directory.list();
  await directory.remove(...names.filter((name) => name.endsWith(temporarySuffix)));
  const before = (await readNote(directory)) ?? (await createNote(options));
  // Anew: the last life may have failed to bring its name to the disk, and without it nothing is a store.
  await writeNote(directory, before);
  const { storeId } = before;
  const opened: { maintenance?: Maintenance; note?: StoreNote } = {};
  const onSealed = (): void => opened.maintenance?.sealed();
  const onFailed = (): void => void noteFailure(options, opened.note);
  const log = await SegmentLog.open({ ...options, storeId, onSealed, onFailed });
  const { newEpochs: _done, ...rest } = before;
  const knownDamages = log.damages.map(nameOf).slice(-knownDamagesMax);
  const note: StoreNote = { ...rest, ...lifeOf(options), knownDamages };
  try {
    if (hasToRenew(before, log.damages, options)) await renewEpochs(log, system);
    await writeNote(directory, note);
    for (const damage of log.damages) onError(new Error(describe(damage)), { stage: "open" });
  } catch (error) {
    await log.close();
    throw error;
  }
  const onDamage = (damage: StoreDamage): void =>
    onError(new Error(describe(damage)), { stage: "compaction" });
  const maintenance = new Maintenance({ ...options, storeId, log, onDamage });
  Object.assign(opened, { maintenance, note });
  const session = { options, note, log, maintenance };
  return { ...session, close: () => closeStore(session) };
}

async function closeStore({
  options,
  note,
  log,
  maintenance,
}: Omit<StoreSession, "close">): Promise<void> {
  const { directory, onError, onClosed } = options;
  try {
    await maintenance.close();
    await log.close();
    if (log.failure === undefined) await writeNote(directory, { ...note, isClosed: true });
  } catch (error) {
    // The log has everything; the next start only takes longer.
    onError(error, { stage: "close" });
  } finally {
    await onClosed();
  }
}

/**
 * What was acknowledged before its sync may be gone after a failed one, though the machine goes on. Where not
 * even this can be written, only the next boot brings new epochs.
 */
async function noteFailure(
  { directory, sync, onError }: ResolvedStoreOptions,
  note: StoreNote | undefined,
): Promise<void> {
  if (sync === "always" || note === undefined) return;
  await writeNote(directory, { ...note, newEpochs: "failure" }).catch((error: unknown) =>
    onError(error, { stage: "log" }),
  );
}

function lifeOf({
  bootId,
  sync,
}: ResolvedStoreOptions): Pick<StoreNote, "bootId" | "isSynced" | "isClosed"> {
  return { bootId, isSynced: sync === "always", isClosed: false };
}

async function createNote({ directory, system, bootId }: ResolvedStoreOptions): Promise<StoreNote> {
  const names = await directory.list();
  if (names.some((name) => parseSegmentName(name) !== undefined))
    throw new StoreOpenError("the directory holds segments of a store and no store.json");
  const note = {
    ...{ format: formatVersion, storeId: system.randomId(storeIdLength), bootId },
    ...{ isSynced: true, isClosed: true, knownDamages: [] },
  };
  await writeNote(directory, note);
  return note;
}

function hasToRenew(
  note: StoreNote,
  damages: readonly StoreDamage[],
  { bootId }: ResolvedStoreOptions,
): boolean {
  if (note.newEpochs !== undefined || needsNewEpochs(note, bootId)) return true;
  return damages.some(
    (damage) => damage.loss === "unknown" && !note.knownDamages.includes(nameOf(damage)),
  );
}

/** Positions of every process that has not ended may come to name other entries: their cursors end. */
async function renewEpochs(log: SegmentLog, system: System): Promise<void> {
  const { state } = log;
  const open = [...state.records.values()].filter(({ record }) => record.state !== "closed");
  const renewed = open.map((series) => {
    const { record } = series;
    const packed = packRecord({ ...record, epoch: system.randomId(epochLength) });
    const content = {
      ...{ kind: RecordKind.process, series: series.number },
      ...{ first: 0, entryCount: 0, frame: 0 },
    };
    return log.append({
      add: (builder) => builder.addBody(content, Buffer.from(packed, "latin1")),
      apply: (frame) => state.putRecord(series.number, record.id, packed, frame),
    });
  });
  await Promise.all(renewed);
  await log.flush();
}

function nameOf({ file, offset, reason }: StoreDamage): string {
  return `${file}:${offset}:${reason}`;
}

function describe({ file, offset, reason }: StoreDamage): string {
  return file === "" ? reason : `${file} is damaged at ${offset}: ${reason}`;
}
