import { Broker } from "../../src/core/broker/broker.ts";
import { JetStreamStore } from "../../src/stores/jetstream/jetstream-store.ts";
import { runCount } from "../run-count.ts";
import { runClusterHistory } from "./cluster-history.ts";
import type { SharedHistories } from "./seed-shares.ts";

export const clusterHistories: SharedHistories = {
  title: ["nodes on a simulated JetStream", "lose, repeat and mix up nothing"],
  seedCount: runCount(40, 20_000),
  timeoutMs: runCount(180_000, 10_800_000),
  run: (seed) => runClusterHistory(seed, { Store: JetStreamStore, Broker }),
};
