import { resolveProcess } from "../process-name.ts";
import type { Api } from "../api.ts";
import { raceSignal } from "../../client/abort.ts";
import { listProcesses, sortByAge } from "../process-list.ts";
import type { Candidate, NameSource } from "./completion.ts";

/** Whoever presses a key does not wait longer. */
const patienceMs = 2_000;
/** Names and ids that need no quotes in any shell, and no guess whether they are shown as they are. */
const plainWord = /^[\w@%+:,./~-]+$/;

/** Names that a server knows; none where it does not answer in time. */
export class ServerNames implements NameSource {
  readonly #connect: () => Promise<Api>;

  constructor(connect: () => Promise<Api>) {
    this.#connect = connect;
  }

  /** Each by its name, the newest that has it; by its id where it has none. */
  async processes(): Promise<readonly Candidate[]> {
    return await this.#ask(async (api) => {
      const processes = sortByAge(await listProcesses(api));
      const candidates = new Map<string, Candidate>();
      if (processes.length > 0)
        candidates.set("@last", { word: "@last", description: "the newest" });
      for (const { id, label, state } of processes) {
        const word = plainWord.test(label) ? label : id;
        if (!candidates.has(word)) candidates.set(word, { word, description: state });
      }
      return [...candidates.values()];
    });
  }

  async channels(processName: string): Promise<readonly Candidate[]> {
    return await this.#ask(async (api) => {
      const { channels } = await resolveProcess(api, processName);
      return channels.map(({ name }) => ({ word: name, description: "" }));
    });
  }

  async #ask(question: (api: Api) => Promise<readonly Candidate[]>): Promise<readonly Candidate[]> {
    try {
      const api = await this.#connect();
      const late = new AbortController();
      const timer = api.system.clock.after(patienceMs, () => late.abort(new Error("late")));
      return await raceSignal(question(api), late.signal).finally(() => timer.cancel());
    } catch {
      // There is nobody to tell: a completion that fails completes nothing.
      return [];
    }
  }
}
