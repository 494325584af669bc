import type { Mutant } from "./mutant-source.ts";

/** Bugs of the segment log. */
export const storeMutants: readonly Mutant[] = [
  {
    name: "acknowledges before the sync",
    file: "log-writer.ts",
    find: `if (this.#options.sync === "always") await this.#sync();`,
    replace: `if (this.#options.sync === "always") this.#sync().catch((e: unknown) => this.#fail(e));`,
  },
  {
    name: "says of a frame that it is synced when it is written",
    file: "log-writer.ts",
    find: "builder.build(number, this.#synced, salt)",
    replace: "builder.build(number, number, salt)",
  },
  {
    name: "tries a failed sync again",
    file: "log-writer.ts",
    find: "      await this.#file.sync();\n",
    replace: "      await this.#file.sync().catch(() => this.#file?.sync());\n",
  },
  {
    name: "goes on after a failed write",
    file: "log-writer.ts",
    find: "if (error instanceof NoRoomError) reject(frame, refusalFor(error));",
    replace: "if (error instanceof Error) reject(frame, refusalFor(error));",
  },
  {
    name: "does not go on behind a short write",
    file: "file-write.ts",
    find: "if (written === wanted) return;",
    replace: "return;",
  },
  {
    name: "takes one frame more than is proven for synced",
    file: "recovery.ts",
    find: "lastFrame ?? this.#proven(checkpoint)",
    replace: "lastFrame ?? this.#proven(checkpoint) + 1",
  },
  {
    name: "does not write again what may be in memory only",
    file: "segment-log.ts",
    find: "if (frames.every(({ records }) => records.length === 0)) return;",
    replace: "if (frames.length > 0) return;",
  },
  {
    name: "takes a frame with a torn record for whole",
    file: "segment-scan.ts",
    find: "parsed?.damages.length === 0 && parsed.frame.header.number === expected",
    replace: "parsed?.frame.header.number === expected",
  },
  {
    name: "drops a removal from any run of segments",
    file: "compaction.ts",
    find: "if (!isOldest) output.addSummary(summarizeRemoval(number, lastFrame));",
    replace: "continue;",
  },
  {
    name: "compacts without the state of logs",
    file: "compaction.ts",
    find: "output.addSummary(summarize(log));",
    replace: "",
  },
  {
    name: "does not sync what it compacted",
    file: "compaction.ts",
    find: "[encodeSegmentHeader(this.#header)], 0);\n    await this.#file.sync();",
    replace: "[encodeSegmentHeader(this.#header)], 0);",
  },
  {
    name: "writes a checkpoint ahead of the log",
    file: "maintenance.ts",
    find: "const frame = log.settledThrough;",
    replace: "const frame = log.lastFrame;",
  },
  {
    name: "replays what a checkpoint has already",
    file: "store-state.ts",
    find: "else if (known !== undefined && frame <= known.revision) return;\n    else if",
    replace: "else if",
  },
  {
    name: "leaves out the first frame behind a checkpoint",
    file: "recovery.ts",
    find: "if (record.header.frame > this.#reflected) this.#replay.apply(record);",
    replace: "if (record.header.frame > this.#reflected + 1) this.#replay.apply(record);",
  },
  {
    name: "takes the places of a segment that no checkpoint has for all of it",
    file: "recovery.ts",
    find: "if (!pass.reflects(index))",
    replace: "if (index.seriesCount === 0)",
  },
  {
    name: "leaves removals out of an index",
    file: "series-summary.ts",
    find: "return series === undefined ? summarizeRemoval(number, frame)",
    replace: "return series === undefined ? summarizeRemoval(0, frame)",
  },
  {
    name: "forgets where entries are when it finds a state",
    file: "store-state.ts",
    find: "known.replaceHead(head, revision);",
    replace: "this.#addLog(new LogSeries(number, key, head, revision));",
  },
  {
    name: "does not replay removals",
    file: "store-state.ts",
    find: "if (known !== undefined) this.#state.remove(known);",
    replace: "",
  },
  {
    name: "forgets a place that is still needed when it trims",
    file: "series.ts",
    find: "?? Infinity) <= first) count",
    replace: "?? Infinity) <= first + 1) count",
  },
  {
    name: "lets what compaction has replaced count",
    file: "segment-listing.ts",
    find: "replaced.push(...covered);",
    replace: "continue;",
  },
  {
    name: "leaves unfinished files where they are",
    file: "store-opening.ts",
    find: "names.filter((name) => name.endsWith(temporarySuffix))",
    replace: "names.filter(() => false)",
  },
  {
    name: "judges the writes of a log side by side",
    file: "pending-append.ts",
    find: "if (log === undefined || !target.turns.take(log))",
    replace: "if (log === undefined)",
  },
  {
    name: "takes any revision of a log",
    file: "pending-append.ts",
    find: "if (log?.revision !== expected)",
    replace: "if (log === undefined && expected !== undefined)",
  },
  {
    name: "takes any revision of a record",
    file: "segment-log-store.ts",
    find: "if (series?.revision === expected) return series;",
    replace: "if (series !== undefined) return series;",
  },
  {
    name: "takes a batch behind a seal or of an old term",
    file: "pending-append.ts",
    find: "requireAcceptable(key, batch, head, batchBytesMax);",
    replace: "",
  },
  {
    name: "creates a record that is there",
    file: "segment-log-store.ts",
    find: "if (this.#log.state.records.has(record.id))",
    replace: "if (record.id === '')",
  },
  {
    name: "answers a removal before it is on disk",
    file: "segment-log-store.ts",
    find: "await this.#log.append({\n      add: (builder) => builder.add(content, () => undefined),\n      apply: () => this.#log.state.remove(series),\n    });",
    replace:
      "const add = (builder) => builder.add(content, () => undefined);\n    this.#log.append({ add, apply: () => undefined }).catch(() => undefined);\n    this.#log.state.remove(series);",
  },
];
