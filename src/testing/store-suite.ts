import type { Store, StoreManifest } from "../core/store.ts";
import { requireEqual } from "./assertion.ts";
import { headCases } from "./store-suite-heads.ts";
import { historyCases } from "./store-suite-history.ts";
import { logCases } from "./store-suite-logs.ts";
import { sharedCases } from "./store-suite-shared.ts";
import { recordCases } from "./store-suite-records.ts";

/** The functions of your own test framework. */
export interface SuiteRunner {
  readonly describe: (name: string, body: () => void) => void;
  readonly it: (name: string, body: () => Promise<void>) => void;
}

export interface StoreSuiteOptions {
  /** A store that holds nothing, for one case. */
  readonly createStore: () => Promise<Store>;
  /** What the store claims; the suite holds it to it. */
  readonly manifest: StoreManifest;
  /** Closes a store and opens another one on what it kept. Needed where `durable` is claimed. */
  readonly reopen?: (store: Store) => Promise<Store>;
  /** Opens a second store on what the first one keeps, beside it. Needed where `shared` is claimed. */
  readonly openBeside?: (store: Store) => Promise<Store>;
}

/** What a case gets: a store, and a way to what is left after it was closed and opened again. */
export interface StoreWorld {
  store: Store;
  /** Opens the store anew where it is durable; else nothing happens. */
  readonly reopen: () => Promise<void>;
  /** A second one on the same records and logs, closed after the case. */
  readonly openBeside: () => Promise<Store>;
}

export interface StoreCase {
  readonly name: string;
  readonly isFor?: (manifest: StoreManifest) => boolean;
  readonly run: (world: StoreWorld) => Promise<void>;
}

/** The contract of the store port as cases, for any test framework and any store. */
export function storeSuite({ describe, it }: SuiteRunner, options: StoreSuiteOptions): void {
  const { manifest } = options;
  if (manifest.durable && options.reopen === undefined)
    throw new TypeError("a durable store needs `reopen` to be tested");
  if (manifest.shared && options.openBeside === undefined)
    throw new TypeError("a shared store needs `openBeside` to be tested");
  describe("store suite", () => {
    it("claims in its manifest what it was announced with", async () => {
      const store = await options.createStore();
      requireEqual(store.manifest, manifest, "manifest");
      await store.close();
    });
    for (const { name, isFor, run } of [
      ...recordCases,
      ...headCases,
      ...logCases,
      ...historyCases,
      ...sharedCases,
    ]) {
      if (isFor?.(manifest) === false) continue;
      it(name, async () => {
        const besides: Store[] = [];
        const world: StoreWorld = {
          store: await options.createStore(),
          reopen: async () => {
            if (options.reopen !== undefined) world.store = await options.reopen(world.store);
          },
          openBeside: async () => {
            const beside = await options.openBeside?.(world.store);
            if (beside === undefined) throw new TypeError("`openBeside` opened no store");
            besides.push(beside);
            return beside;
          },
        };
        try {
          await run(world);
        } finally {
          for (const beside of besides) await beside.close();
          await world.store.close();
        }
      });
    }
  });
}
