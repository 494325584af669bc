import { ChannelError } from "../errors.ts";
import type { EntryInput } from "../entry.ts";
import { refusalOf, requireChannelAction } from "./authority.ts";
import { wasRefusedUnseen } from "./append-call.ts";
import type { AppendCall } from "./append-call.ts";
import type { Audit } from "./audit.ts";
import type { Caller } from "./caller.ts";
import { ChannelSubscription } from "./channel-subscription.ts";
import { createAppendCall } from "./entry-input.ts";
import type { OpenChannel } from "./open-channel.ts";
import type { BrokerContext } from "./broker-context.ts";
import type { OpenProcess } from "./open-process.ts";
import type { ProcessRegistry } from "./process-registry.ts";
import { positionOf, resolveStart } from "./start-position.ts";
import { toChannelError } from "./store-error.ts";
import type { AppendAck, ChannelView, StartAt } from "./views.ts";

/** What a broker does with channels: who may, and then the channel itself. */
export class ChannelAccess {
  readonly #context: BrokerContext;
  readonly #registry: ProcessRegistry;
  readonly #audit: Audit;

  constructor(context: BrokerContext, registry: ProcessRegistry, audit: Audit) {
    this.#context = context;
    this.#registry = registry;
    this.#audit = audit;
  }

  async get(caller: Caller, processId: string, name: string): Promise<ChannelView> {
    return this.#useReadable(caller, processId, name, createChannelView);
  }

  /** Those that the caller may read. */
  async list(caller: Caller, process: OpenProcess): Promise<readonly ChannelView[]> {
    const { record } = process;
    const now = process.now();
    const readable = record.channels.filter(
      (channel) => refusalOf("read", caller, record, { channel, now }) === undefined,
    );
    return await Promise.all(
      readable.map((spec) =>
        process.useChannel(spec, (channel) => createChannelView(process, channel)).catch(rethrow),
      ),
    );
  }

  /** Errors: as the action's own. */
  async requireAction(
    action: "read" | "append",
    caller: Caller,
    { processId, channel, term }: { processId: string; channel: string; term: number | undefined },
  ): Promise<void> {
    await this.#registry.use(processId, (process) =>
      this.#audit.checkFresh(caller, { action, processId, channel, term }, process, () => {
        const spec = process.requireSpec(channel);
        requireChannelAction(action, caller, process.record, spec, process.now());
        process.requireTerm(term);
      }),
    );
  }

  async append(
    caller: Caller,
    processId: string,
    name: string,
    entries: readonly EntryInput[],
    options: { readonly producer?: string; readonly term?: number },
  ): Promise<AppendAck> {
    const { limits, system } = this.#context;
    const createCall = (): AppendCall =>
      createAppendCall(caller, entries, options, { limits, now: system.clock.now() });
    const { call, epoch } = await this.#registry.use(processId, async (process) => {
      const spec = process.requireSpec(name);
      for (;;) {
        const call = createCall();
        try {
          await process.useChannel(spec, (channel) => channel.append(call));
          return { call, epoch: process.record.epoch };
        } catch (error) {
          if (wasRefusedUnseen(call, error)) continue;
          const attempt = { action: "append", processId, channel: name };
          throw this.#audit.noted(caller, attempt, toChannelError(error));
        }
      }
    });
    let last = 0;
    const appended = call.outcomes.map(({ entry, duplicate, compared }, index) => {
      const position = entry?.position ?? 0;
      if (position > last) last = position;
      return { position, sequence: call.entries[index]?.sequence ?? 0, duplicate, compared };
    });
    return { entries: appended, cursor: { epoch, position: last } };
  }

  async subscribe(
    caller: Caller,
    processId: string,
    name: string,
    after: StartAt,
  ): Promise<ChannelSubscription> {
    return this.#useReadable(caller, processId, name, async (process, channel) => {
      // Others may have written what this node has not heard of: whoever has seen it is not to miss it here.
      if (this.#context.store.manifest.shared) await channel.look(positionOf(after));
      const start = resolveStart(channel, process.record.epoch, after);
      // Nothing is waited for from here until it is counted: many may come at once.
      if (process.subscriptionCount >= this.#context.limits.subscriptionsPerProcess) {
        throw new ChannelError("overloaded", { retryAfterMs: 5_000 });
      }
      const subscription = new ChannelSubscription(process, channel, caller, start);
      // The right may have gone while the start was looked for.
      const place = { channel: channel.spec, now: process.now() };
      if (refusalOf("read", caller, process.record, place) !== undefined)
        subscription.end("revoked");
      return subscription;
    });
  }

  #useReadable<Result>(
    caller: Caller,
    processId: string,
    name: string,
    work: (process: OpenProcess, channel: OpenChannel) => Promise<Result> | Result,
  ): Promise<Result> {
    return this.#registry.use(processId, async (process) => {
      const attempt = { action: "read", processId, channel: name };
      const spec = await this.#audit.checkFresh(caller, attempt, process, () => {
        const found = process.requireSpec(name);
        requireChannelAction("read", caller, process.record, found, process.now());
        return found;
      });
      return process.useChannel(spec, (channel) => work(process, channel)).catch(rethrow);
    });
  }
}

function createChannelView({ record }: OpenProcess, channel: OpenChannel): ChannelView {
  const { seal, cumulativeBytes, trimmedBytes } = channel.head;
  return {
    spec: channel.spec,
    epoch: record.epoch,
    first: channel.first,
    last: channel.visible,
    keptBytes: cumulativeBytes - trimmedBytes,
    ...(seal === undefined ? {} : { outcome: seal }),
  };
}

function rethrow(error: unknown): never {
  throw toChannelError(error);
}
