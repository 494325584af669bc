import { gzipSync } from "node:zlib";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { beforeAll, expect, it } from "vitest";
import { ensureBuilt } from "../../scripts/ensure-built.mjs";
import { root } from "../docs/page-world.ts";

const gzipBytesMax = 15 * 1024;

beforeAll(() => ensureBuilt());

it("`jobwire/client` with everything takes a browser at most 15 KiB, and knows nothing of node", async () => {
  const bundle = await rolldown({
    input: "jobwire/client",
    cwd: root,
    platform: "browser",
    resolve: { conditionNames: ["browser", "import", "default"] },
    // A bundle that leaves something out is no bundle of everything.
    onLog(_level, { message }) {
      throw new Error(message);
    },
  });
  const { output } = await bundle.generate({ format: "esm", minify: true });
  const [{ code }] = output;

  expect(output).toHaveLength(1);
  expect(code).not.toMatch(/["'`]node:|from\s*["'`]/);
  expect(gzipSync(code).byteLength).toBeLessThanOrEqual(gzipBytesMax);
});
