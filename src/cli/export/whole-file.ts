import { open, rename, rm, type FileHandle } from "node:fs/promises";
import { reasonOf } from "../data-directory.ts";
import { CommandError, ExitCode } from "../exit-code.ts";

/** A file that appears under its name when it is whole, in place of what was there. */
export class WholeFile {
  readonly #path: string;
  readonly #temporary: string;
  readonly #file: FileHandle;

  /** Throws `CommandError` where it cannot be written. */
  static async open(path: string, randomId: (length: number) => string): Promise<WholeFile> {
    const temporary = `${path}.${randomId(8)}.tmp`;
    try {
      return new WholeFile(path, temporary, await open(temporary, "wx"));
    } catch (error) {
      throw new CommandError(`cannot write ${path}: ${reasonOf(error)}`, ExitCode.failure, {
        cause: error,
      });
    }
  }

  private constructor(path: string, temporary: string, file: FileHandle) {
    this.#path = path;
    this.#temporary = temporary;
    this.#file = file;
  }

  async write(text: string): Promise<void> {
    await this.#file.writeFile(text);
  }

  async finish(): Promise<void> {
    await this.#file.datasync();
    await this.#file.close();
    await rename(this.#temporary, this.#path);
  }

  /** Leaves nothing behind. */
  async discard(): Promise<void> {
    await this.#file.close();
    await rm(this.#temporary, { force: true });
  }
}
