import { createRequire } from "node:module";
import { CommandError, ExitCode } from "../exit-code.ts";
import { hasCode } from "../data-directory.ts";
import type { TerminalSize } from "../../protocol/terminal-entries.ts";

const packageName = "@lydell/node-pty";

/**
 * The package's compiled part. What it wraps around it loses output: it closes the terminal 200 ms after the
 * program's end, read or not. So this is bound to one version of it.
 */
interface Binding {
  fork(
    file: string,
    args: readonly string[],
    environment: readonly string[],
    directory: string,
    columns: number,
    rows: number,
    userId: number,
    groupId: number,
    isUtf8: boolean,
    helperPath: string,
    onExit: (exitCode: number, signal: number) => void,
  ): { readonly fd: number; readonly pid: number };
  resize(fd: number, columns: number, rows: number): void;
}

export interface ForkOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly size: TerminalSize;
  /** `signal` is a number; 0 for none. */
  readonly onExit: (exitCode: number, signal: number) => void;
}

/** Opens terminals for programs. */
export class PseudoTerminals {
  readonly #binding: Binding;
  readonly #helperPath: string;

  private constructor(binding: Binding, helperPath: string) {
    this.#binding = binding;
    this.#helperPath = helperPath;
  }

  /** Throws `CommandError` where they cannot be had. */
  static load(): PseudoTerminals {
    const { platform, arch } = process;
    if (platform === "win32")
      throw new CommandError("run --tty does not work on Windows", ExitCode.failure);
    try {
      const own = createRequire(import.meta.url);
      const theirs = createRequire(own.resolve(packageName));
      const { requireBinary } = theirs("./requireBinary.js") as {
        readonly requireBinary: (name: string) => Binding;
      };
      // macOS needs a program of its own to begin a session.
      const helper = `${packageName}-${platform}-${arch}/spawn-helper`;
      const helperPath = platform === "darwin" ? theirs.resolve(helper) : "";
      return new PseudoTerminals(requireBinary("pty.node"), helperPath);
    } catch (error) {
      const isMissing = hasCode(error, "MODULE_NOT_FOUND");
      throw new CommandError(
        isMissing
          ? `run --tty needs the package ${packageName}, which is not installed\nInstall it beside jobwire: npm install ${packageName}`
          : `run --tty cannot use the package ${packageName} on ${platform}-${arch}: ${firstLine(error)}`,
        ExitCode.failure,
        { cause: error },
      );
    }
  }

  /** The program leads a session of its own, whose terminal it is. */
  fork({ command, args, environment, size, onExit }: ForkOptions): {
    readonly fd: number;
    readonly pid: number;
  } {
    const { columns, rows } = size;
    return this.#binding.fork(
      command,
      args,
      Object.entries(environment).flatMap(([name, value]) =>
        value === undefined ? [] : [`${name}=${value}`],
      ),
      process.cwd(),
      columns,
      rows,
      -1,
      -1,
      true,
      this.#helperPath,
      onExit,
    );
  }

  resize(fd: number, { columns, rows }: TerminalSize): void {
    this.#binding.resize(fd, columns, rows);
  }
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
}
