import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasCode } from "../../src/stores/segment-log/error-code.ts";

const ballastName = "ballast";
const pageBytes = 4096;

/** A real file system of a few MiB, which this process fills. Mounting it is the right of root. */
export class SmallDisk {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Throws where it may not be mounted. */
  static mount(bytes: number): SmallDisk {
    const path = mkdtempSync(join(tmpdir(), "jobwire-disk-"));
    const options = `size=${bytes},mode=0700`;
    const { status, stderr, error } = spawnSync("mount", [
      ...["-t", "tmpfs", "-o", options, "tmpfs", path],
    ]);
    if (status === 0) return new SmallDisk(path);
    rmdirSync(path);
    throw new Error(`no file system can be mounted: ${error?.message ?? stderr.toString().trim()}`);
  }

  /** Takes all that is left. */
  fill(): void {
    const file = openSync(join(this.path, ballastName), "w");
    try {
      for (;;) writeSync(file, Buffer.alloc(pageBytes, 1));
    } catch (error) {
      if (!hasCode(error, "ENOSPC")) throw error;
    } finally {
      closeSync(file);
    }
  }

  /** Gives back what `fill` took. */
  free(): void {
    rmSync(join(this.path, ballastName));
  }

  [Symbol.dispose](): void {
    const { status, stderr } = spawnSync("umount", [this.path]);
    if (status !== 0) throw new Error(`${this.path} stays mounted: ${stderr.toString()}`);
    rmdirSync(this.path);
  }
}

/** Why there is no such disk here. */
export function mountProblem(): string | undefined {
  try {
    SmallDisk.mount(pageBytes)[Symbol.dispose]();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
