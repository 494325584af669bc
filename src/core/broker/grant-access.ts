import type { Caller } from "./caller.ts";
import { createGrant, createGrantView, identifyGrantHolder, withGrant } from "./grants.ts";
import type { GrantSpec, GrantView } from "./grants.ts";
import type { BrokerContext } from "./broker-context.ts";
import type { OpenProcess } from "./open-process.ts";
import type { ProcessRegistry } from "./process-registry.ts";
import type { Settlement } from "./settlement.ts";

/** What grants need of their broker. */
interface Rules {
  /** Runs work with the process, if the caller may share it. Errors: `process_not_found`, `forbidden`. */
  readonly useShared: <Result>(
    caller: Caller,
    processId: string,
    work: (process: OpenProcess) => Promise<Result> | Result,
  ) => Promise<Result>;
  readonly requireWritable: () => void;
}

/** Grants of a broker's processes: parts of the submitter's rights for whoever knows a secret. */
export class GrantAccess {
  readonly #context: BrokerContext;
  readonly #registry: ProcessRegistry;
  readonly #settlement: Settlement;
  readonly #rules: Rules;

  /** Made by its broker. */
  constructor(
    context: BrokerContext,
    registry: ProcessRegistry,
    settlement: Settlement,
    rules: Rules,
  ) {
    this.#context = context;
    this.#registry = registry;
    this.#settlement = settlement;
    this.#rules = rules;
  }

  /** Errors: `invalid_argument`, `channel_not_found`, `too_many_grants`, `process_not_found`, `forbidden`. */
  async create(caller: Caller, processId: string, spec: GrantSpec): Promise<GrantView> {
    this.#rules.requireWritable();
    return this.#rules.useShared(caller, processId, async (process) => {
      const { limits, system } = this.#context;
      const { clock, randomId } = system;
      const grant = createGrant(caller, spec, { limits, now: clock.now(), randomId });
      await this.#registry.update(process, (record) => withGrant(record, grant, limits));
      return createGrantView(grant);
    });
  }

  /** Those that have not expired. Errors: `process_not_found`, `forbidden`. */
  async list(caller: Caller, processId: string): Promise<readonly GrantView[]> {
    const now = this.#context.system.clock.now();
    return this.#rules.useShared(caller, processId, ({ record }) =>
      record.grants.filter(({ expiresAt }) => expiresAt > now).map(createGrantView),
    );
  }

  /**
   * When it returns, nothing of the holder is committed any more, and its streams here have ended. Errors:
   * `grant_not_found`, `process_not_found`, `forbidden`.
   */
  async revoke(caller: Caller, processId: string, grantId: string): Promise<void> {
    this.#rules.requireWritable();
    await this.#rules.useShared(caller, processId, (process) =>
      this.#settlement.revoke(process, grantId),
    );
  }

  /** The caller that a door is to go on with. Errors: `unauthenticated`, `token_expired`. */
  async identify(
    processId: string,
    presented: { readonly grantId: string; readonly secretHash: string },
  ): Promise<{ readonly caller: Caller; readonly expiresAt: number }> {
    return this.#registry.useIfAny(processId, (process) =>
      identifyGrantHolder(process?.record, presented, this.#context.system.clock.now()),
    );
  }
}
