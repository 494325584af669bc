import { describe, expect, it } from "vitest";
import { JetStreamStore } from "../../src/stores/jetstream/jetstream-store.ts";
import * as scenarios from "./jetstream-scenarios.ts";
import type { Scenario } from "./jetstream-scenarios.ts";
import { withMutatedModule } from "./mutant-source.ts";
import type { Mutant } from "./mutant-source.ts";

const place = { folder: "stores/jetstream", entry: "jetstream-store.ts" };

/** Bugs that random histories meet seldom or never, each with the scenario that meets it. */
const mutants: readonly (Mutant & { readonly scenario: Scenario })[] = [
  {
    name: "writes behind what came while it handed a batch over",
    scenario: scenarios.overtaken,
    file: "log-writer.ts",
    find: "let view = viewAt(log, expected);",
    replace: "let view = viewAt(log, expected);\n    await Promise.resolve();",
  },
  {
    name: "writes behind what came while it wrote a head",
    scenario: scenarios.overtakenByHead,
    file: "log-writer.ts",
    find: "await this.#writeHead(log, view);\n      view = viewAt(log, expected);",
    replace: "await this.#writeHead(log, view);",
  },
  {
    name: "settles a write in doubt by the last message",
    scenario: scenarios.settledBehind,
    file: "log-writer.ts",
    find: "readNext(log.stream, log.subject, expected + 1);",
    replace: "readLast(log.stream, log.subject);",
  },
  {
    name: "answers a conflict to the second attempt of a write in doubt",
    scenario: scenarios.cameLate,
    file: "settled-publish.ts",
    find: "if (cause === undefined && !isUnavailable(error))",
    replace: "if (!isUnavailable(error))",
  },
  {
    name: "believes a leader that has no log where there is one",
    scenario: scenarios.deposedBeforeLog,
    file: "channel-logs.ts",
    find: "if ((last?.sequence ?? 0) < known) throw behind(log);",
    replace: "",
  },
  {
    name: "believes a leader that is behind a record",
    scenario: scenarios.deposedBeforeChange,
    file: "process-records.ts",
    find: "met.sequence < known)",
    replace: "met.sequence < -known)",
  },
  {
    name: "answers with a read that was under way before the question",
    scenario: scenarios.writtenMeanwhile,
    file: "channel-logs.ts",
    find: "log.nextReading ??= this.#readAfter(log, log.reading);",
    replace:
      "if (log.reading !== undefined) return log.reading as never;\n    log.nextReading ??= this.#readAfter(log, log.reading);",
  },
];

describe("the JetStream store", () => {
  it.each(Object.entries(scenarios))("keeps its promises: %s", async (_name, scenario) => {
    await scenario(JetStreamStore);
  });

  it.each(mutants)("is found out if it $name", async ({ scenario, ...mutant }) => {
    await withMutatedModule(mutant, place, async (module) => {
      const { JetStreamStore: Mutated } = module as { JetStreamStore: typeof JetStreamStore };
      await expect(scenario(Mutated)).rejects.toThrow();
    });
  });
});
