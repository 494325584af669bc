import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";
import { beforeAll, expect, it } from "vitest";
import { ensureBuilt } from "../../scripts/ensure-built.mjs";
import { root } from "./installed-package.ts";

const gzipBytesMax = 15 * 1024;

beforeAll(() => ensureBuilt());

it("`jobwire/client` with everything fits its budget in a browser, and knows nothing of node", async () => {
  const bundle = await rolldown({
    input: "jobwire/client",
    cwd: root,
    platform: "browser",
    // A bundle that leaves something out is no bundle of everything.
    onLog(_level, { message }) {
      throw new Error(message);
    },
  });
  const { output } = await bundle.generate({ format: "esm", minify: true, comments: false });
  const [{ code, exports }] = output;

  expect(output).toHaveLength(1);
  expect(exports).toEqual(expect.arrayContaining(["Jobwire", "ChannelError", "isChannelError"]));
  expect(code).not.toMatch(/["'`]node:|\bfrom\s*["'`]/);
  expect(gzipSync(code, { level: 9 }).byteLength).toBeLessThanOrEqual(gzipBytesMax);
});
