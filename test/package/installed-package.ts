import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const root = fileURLToPath(new URL("../..", import.meta.url));

const execute = promisify(execFile);

/** The package as users get it: packed, and installed in an otherwise empty project. */
export class InstalledPackage {
  readonly directory: string;
  readonly tarball: string;
  readonly files: readonly string[];

  private constructor(directory: string, tarball: string, files: string[]) {
    this.directory = directory;
    this.tarball = tarball;
    this.files = files;
  }

  static async create(): Promise<InstalledPackage> {
    const directory = await realpath(await mkdtemp(join(tmpdir(), "jobwire-package-")));
    const packed = await execute("npm", ["pack", "--json", "--pack-destination", directory], {
      cwd: root,
    });
    const [{ filename, files }] = JSON.parse(packed.stdout) as [PackReport];
    const tarball = join(directory, filename);
    const project = join(directory, "project");
    await mkdir(project);
    await writeFile(join(project, "package.json"), JSON.stringify({ type: "module" }));
    const options = ["--prefer-offline", "--no-audit", "--no-fund"];
    await execute("npm", ["install", ...options, tarball], { cwd: project });
    return new InstalledPackage(
      directory,
      tarball,
      files.map(({ path }) => path),
    );
  }

  /** The project that it is installed in. */
  get project(): string {
    return join(this.directory, "project");
  }

  /** Its entry points, as they are imported. */
  async entryPoints(): Promise<string[]> {
    const path = join(this.project, "node_modules", "jobwire", "package.json");
    const { exports } = JSON.parse(await readFile(path, "utf8")) as { exports: object };
    return Object.keys(exports)
      .filter((subpath) => subpath !== "./package.json")
      .map((subpath) => subpath.replace(/^\./, "jobwire"));
  }

  /** Runs a program in the project; rejects with its output unless it succeeds. */
  async run(program: string, ...options: string[]): Promise<string> {
    const environment = {
      ...process.env,
      JOBWIRE_DATA_DIRECTORY: join(this.directory, "data"),
      NO_COLOR: "1",
    };
    const settings = { cwd: this.project, env: environment };
    const { stdout } = await execute(program, options, settings).catch((error: unknown) => {
      // Compilers and checkers say what is wrong on standard output.
      const { stdout: output = "", message = "" } = error as { stdout?: string; message?: string };
      throw new Error(`${message}\n${output}`, { cause: error });
    });
    return stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }
}

interface PackReport {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}
