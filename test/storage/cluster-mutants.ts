import type { Mutant } from "./mutant-source.ts";

/** Bugs of the JetStream store. */
export const jetStreamMutants: readonly Mutant[] = [
  {
    name: "does not notice a gap in its tail",
    file: "channel-logs.ts",
    find: "if (previous !== view.sequence) {",
    replace: "if (previous === -1) {",
  },
  {
    name: "takes in its own message though it is not the next one",
    file: "channel-logs.ts",
    find: "else if (view?.sequence === message.previous) this.#take(",
    replace: "else if (view !== undefined) this.#take(",
  },
  {
    name: "tells an older record after a newer one",
    file: "process-records.ts",
    find: "if (sequence <= known) return;",
    replace: "",
  },
  {
    name: "trims below the last whole head",
    file: "jetstream-store.ts",
    find: "Math.min(kept, headSequence, revision)",
    replace: "Math.min(Math.max(kept, headSequence), revision)",
  },
  {
    name: "removes one message too many when it trims",
    file: "jetstream-store.ts",
    find: "Math.min(kept, headSequence, revision)",
    replace: "Math.min(kept + 1, headSequence, revision)",
  },
  {
    name: "removes the tombstone with its log",
    file: "jetstream-store.ts",
    find: "await this.#purge(log.stream, log.subject, view.sequence);",
    replace: "await this.#purge(log.stream, log.subject, view.sequence + 1);",
  },
  {
    name: "takes a head for a batch",
    file: "log-view.ts",
    find: 'if (message.kind === "head") {',
    replace: 'if (message.kind === "head") {\n      this.#revision = sequence;',
  },
];

/** Bugs of the broker. */
export const brokerMutants: readonly Mutant[] = [
  {
    name: "tells a reader of a gap who has seen more than this node",
    file: "channel-access.ts",
    find: "if (this.#context.store.manifest.shared) await channel.look(positionOf(after));",
    replace: "positionOf(after);",
  },
  {
    name: "acknowledges the repeat of an entry that is not written yet",
    file: "open-channel.ts",
    find: "for (const holder of call.waitsFor) await holder.settled.promise;",
    replace: "",
  },
  {
    name: "compares the term of a call with that of the record",
    file: "open-process.ts",
    find: "term !== this.#record.assignTerm) throw",
    replace: "term !== this.#record.term) throw",
  },
  {
    name: "writes under a term that it has not heard of",
    file: "open-channel.ts",
    find: "await this.#process.catchUpWith(this.#head.term);",
    replace: "",
  },
  {
    name: "settles what was begun while it settled the change before",
    file: "settlement.ts",
    find: "record.term === term ? settled(",
    replace: "term > 0 ? settled(",
  },
  {
    name: "fences all channels but one",
    file: "settlement.ts",
    find: "await Promise.all(channels.map((channel) => channel.mark(kind)));",
    replace:
      'await Promise.all(channels.slice(kind === "fence" ? 1 : 0).map((channel) => channel.mark(kind)));',
  },
  {
    name: "finishes nothing that it finds unsettled",
    file: "caretaker.ts",
    find: "await this.#settlement.finish(process);",
    replace: "await Promise.resolve(process);",
  },
  {
    name: "ends its readers when the record says so",
    file: "channel-subscription.ts",
    find: "const { seal, isDeleted } = this.channel.head;",
    replace:
      "const { isDeleted } = this.channel.head;\n    const seal = this.#process.record.outcome;",
  },
];

/** Of the store, too, but few histories meet it. */
export const rareJetStreamMutants: readonly Mutant[] = [
  {
    name: "gives pages with holes",
    file: "log-reader.ts",
    find: "if (entry.position > next && page.length > 0) return page;",
    replace: "",
  },
];
