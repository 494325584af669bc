import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The project's own folder, whatever folder a script is started from. */
export const root = fileURLToPath(new URL("..", import.meta.url));

/** What the built command line is run with. */
export const commandPath = join(root, "dist", "cli", "main.js");

/**
 * Whether the module with this URL is the program, not a part of another one.
 * @param {string} moduleUrl
 */
export function isProgram(moduleUrl) {
  return process.argv[1] === fileURLToPath(moduleUrl);
}

/**
 * A digest of names and contents: two trees with the same stamp are the same.
 * @param {string[]} paths files and folders, relative to the project
 * @param {(path: string) => boolean} [filter] which files count
 */
export function stampOf(paths, filter = () => true) {
  const hash = createHash("sha256");
  for (const path of paths.flatMap(listFiles).filter(filter).sort()) {
    const content = readFileSync(join(root, path));
    hash.update(`${path}\0${content.byteLength}\0`).update(content);
  }
  return hash.digest("hex");
}

/**
 * @param {string} path
 * @returns {string[]}
 */
function listFiles(path) {
  const absolute = join(root, path);
  if (!statSync(absolute).isDirectory()) return [path];
  return readdirSync(absolute).flatMap((name) => listFiles(`${path}/${name}`));
}

/**
 * The stamp kept in a file, or undefined.
 * @param {string} path absolute
 */
export function readStamp(path) {
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}

/** A message for the user, without a stack: nothing is wrong with the script. */
export class SetupError extends Error {}

/**
 * Runs a script's main function; what it throws becomes the exit code.
 * @param {() => unknown} main
 */
export async function runProgram(main) {
  try {
    await main();
  } catch (error) {
    console.error(error instanceof SetupError ? `\n${error.message}` : error);
    process.exitCode = 1;
  }
}
