import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, it } from "vitest";
import { isOlderVersion, oldestServer } from "../src/stores/jetstream/server-version.ts";

const script = fileURLToPath(new URL("../scripts/ensure-nats-server.sh", import.meta.url));

/** The nats-server that tests start. */
export const natsServerPath = execFileSync("bash", [script], { encoding: "utf8" }).trim();

const answer = execFileSync(natsServerPath, ["--version"], { encoding: "utf8" });
const version = /v(\d\S*)/.exec(answer)?.[1] ?? "";

/** The store does not work with it: tests of the store are left out then, and it is said why. */
export const isNatsServerTooOld = isOlderVersion(version, oldestServer);
if (isNatsServerTooOld)
  console.log(`Left out: nats-server is ${version}, and the store needs ${oldestServer} or later.`);

export const describeOnNats = describe.skipIf(isNatsServerTooOld);
export const itOnNats = it.skipIf(isNatsServerTooOld);
