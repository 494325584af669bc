import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/** Bytes of the files below a directory, in which a server may be at work: a file may go meanwhile. */
export async function filesBytes(path) {
  const entries = await readdir(path, { withFileTypes: true, recursive: true });
  const sizes = entries
    .filter((entry) => entry.isFile())
    .map(async ({ parentPath, name }) => {
      try {
        return (await stat(join(parentPath, name))).size;
      } catch (error) {
        if (error.code === "ENOENT") return 0;
        throw error;
      }
    });
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
