import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { ChannelSubscription } from "../core/broker/channel-subscription.ts";
import type { StartAt } from "../core/broker/views.ts";
import { invalidArgument } from "../core/errors.ts";
import { decodeSeveralCursor } from "../protocol/several-cursor.ts";
import { eventsForm, inForms, operation } from "./operation.ts";
import { readLastEventId } from "./read-routes.ts";
import { accepts, callerOf, sendStream } from "./route-context.ts";
import type { RouteContext } from "./route-context.ts";
import { ProcessParams, SeveralQuery } from "./schemas.ts";
import { SeveralChannels } from "./several-channels.ts";

/** Each event carries a position for each of them. */
const channelsMax = 16;

export function addSeveralRoute(server: FastifyInstance, context: RouteContext): void {
  const app = server.withTypeProvider<TypeBoxTypeProvider>();
  const { broker } = context;
  const schema = operation(
    "readSeveral",
    "Several channels of a process as one stream of events.",
    { params: ProcessParams, querystring: SeveralQuery },
    {
      200: inForms("Events as they come.", { "text/event-stream": eventsForm }),
      204: { type: "null", description: "This reader has seen the end of all of them." },
    },
  );
  const config = { access: "get" } as const;
  app.get("/v1/processes/:process/entries", { schema, config }, async (request, reply) => {
    if (!accepts(request, "text/event-stream"))
      throw invalidArgument("accept", "text/event-stream: this is a stream of events");
    const { process: processId } = request.params;
    const caller = callerOf(request);
    const names = await namesOf(context, request, processId, request.query.channels);
    const { lastEventId, hasSeenEnd } = readLastEventId(request);
    const startOf = decodeStarts(lastEventId ?? request.query.after ?? "start");
    const { epoch } = await broker.getProcess(caller, processId);
    const subscriptions = new Map<string, ChannelSubscription>();
    try {
      for (const name of names) {
        const after = startOf(name);
        subscriptions.set(name, await broker.subscribe(caller, processId, name, { after }));
      }
      if (hasSeenEnd && (await areAllEnded([...subscriptions.values()]))) {
        closeAll(subscriptions);
        return await reply.code(204).send();
      }
    } catch (error) {
      closeAll(subscriptions);
      throw error;
    }
    return sendStream(context, request, reply, new SeveralChannels(epoch, subscriptions));
  });
}

async function namesOf(
  { broker }: RouteContext,
  request: FastifyRequest,
  processId: string,
  listed: string | undefined,
): Promise<readonly string[]> {
  const names =
    listed === undefined
      ? (await broker.listChannels(callerOf(request), processId)).map(({ spec }) => spec.name)
      : [...new Set(listed.split(","))];
  if (names.length >= 1 && names.length <= channelsMax) return names;
  throw invalidArgument("channels", `from 1 to ${channelsMax} names`, String(names.length));
}

/** Where each channel begins. One that the cursor does not know begins at its start. */
function decodeStarts(text: string): (channel: string) => StartAt {
  if (text === "start" || text === "now") return () => text;
  const last = /^last:(\d{1,15})$/.exec(text)?.[1];
  if (last !== undefined) return () => ({ last: Number(last) });
  const { epoch, positions } = decodeSeveralCursor(text);
  return (channel) => ({ epoch, position: positions.get(channel) ?? 0 });
}

async function areAllEnded(subscriptions: readonly ChannelSubscription[]): Promise<boolean> {
  const items = await Promise.all(subscriptions.map((subscription) => subscription.poll()));
  return items.every((item) => item?.kind === "end");
}

function closeAll(subscriptions: ReadonlyMap<string, ChannelSubscription>): void {
  for (const subscription of subscriptions.values()) subscription.close();
}
