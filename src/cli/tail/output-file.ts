import { open, readFile, rename, type FileHandle } from "node:fs/promises";
import { CommandError, ExitCode } from "../exit-code.ts";
import { hasCode } from "../data-directory.ts";

const version = 1;

/** What stands beside the file: which channel it holds, and how much of it. */
interface CopyRecord {
  readonly version: typeof version;
  readonly processId: string;
  readonly channel: string;
  readonly length: number;
  /** After what the first `length` bytes hold; absent before the first entry. */
  readonly cursor?: string;
}

/**
 * A file that a channel is copied to, and beside it how far. The record is written after the data and
 * replaced in one step, so whatever is killed when, the file continues at the byte where it stopped.
 */
export class OutputFile {
  readonly path: string;
  readonly #file: FileHandle;
  #record: CopyRecord;
  #length: number;

  /** Goes on where an earlier copy stopped. Throws `CommandError` for a file that is not a copy of this channel. */
  static async open(
    path: string,
    { processId, channel }: { readonly processId: string; readonly channel: string },
  ): Promise<OutputFile> {
    const found = await readRecord(path);
    if (found !== undefined && (found.processId !== processId || found.channel !== channel)) {
      throw new CommandError(
        `${path} is a copy of channel ${found.channel} of process ${found.processId}; choose another file`,
        ExitCode.usage,
      );
    }
    const record: CopyRecord = found ?? { version, processId, channel, length: 0 };
    const file = await openFile(path);
    try {
      const { size } = await file.stat();
      if (found === undefined && size > 0) {
        throw new CommandError(
          `${path} exists and is not a copy made by tail; remove it or choose another file`,
          ExitCode.usage,
        );
      }
      if (size < record.length) {
        throw new CommandError(
          `${path} is shorter than what was written to it; remove it and ${recordPath(path)} to begin again`,
          ExitCode.failure,
        );
      }
      if (found === undefined) await writeRecord(path, record);
      // What was written after the last record will come again.
      await file.truncate(record.length);
    } catch (error) {
      await file.close();
      throw error;
    }
    return new OutputFile(path, file, record);
  }

  private constructor(path: string, file: FileHandle, record: CopyRecord) {
    this.path = path;
    this.#file = file;
    this.#record = record;
    this.#length = record.length;
  }

  /** Where to read on, or undefined at the very beginning. */
  get cursor(): string | undefined {
    return this.#record.cursor;
  }

  get length(): number {
    return this.#length;
  }

  /** Adds bytes that count only once `commit` has returned. */
  async write(bytes: Uint8Array): Promise<void> {
    let offset = 0;
    while (offset < bytes.byteLength) {
      const { bytesWritten } = await this.#file.write(
        bytes,
        offset,
        bytes.byteLength - offset,
        this.#length,
      );
      offset += bytesWritten;
      this.#length += bytesWritten;
    }
  }

  /** The bytes reach the disk before the record that counts them: a power cut must not leave more promised than kept. */
  async commit(cursor: string): Promise<void> {
    if (cursor === this.#record.cursor) return;
    if (this.#length > this.#record.length) await this.#file.datasync();
    const record: CopyRecord = { ...this.#record, length: this.#length, cursor };
    await writeRecord(this.path, record);
    this.#record = record;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

function recordPath(path: string): string {
  return `${path}.jobwire`;
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    try {
      return await open(path, "r+");
    } catch (error) {
      if (!hasCode(error, "ENOENT")) throw error;
      return await open(path, "w+");
    }
  } catch (error) {
    throw new CommandError(
      `cannot write ${path}: ${error instanceof Error ? error.message : String(error)}`,
      ExitCode.failure,
      {
        cause: error,
      },
    );
  }
}

async function writeRecord(path: string, record: CopyRecord): Promise<void> {
  const temporary = `${recordPath(path)}.tmp`;
  const file = await open(temporary, "w");
  try {
    await file.writeFile(`${JSON.stringify(record)}\n`);
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(temporary, recordPath(path));
}

async function readRecord(path: string): Promise<CopyRecord | undefined> {
  let text: string;
  try {
    text = await readFile(recordPath(path), "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
  const record = parseRecord(text);
  if (record !== undefined) return record;
  throw new CommandError(
    `${recordPath(path)} was not written by this version of tail; remove it and ${path} to begin again`,
    ExitCode.usage,
  );
}

function parseRecord(text: string): CopyRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const {
    version: found,
    processId,
    channel,
    length,
    cursor,
  } = value as { readonly [Key in keyof CopyRecord]?: unknown };
  if (found !== version || typeof processId !== "string" || typeof channel !== "string")
    return undefined;
  if (typeof length !== "number" || !Number.isSafeInteger(length) || length < 0) return undefined;
  if (cursor !== undefined && typeof cursor !== "string") return undefined;
  return { version, processId, channel, length, ...(cursor === undefined ? {} : { cursor }) };
}
