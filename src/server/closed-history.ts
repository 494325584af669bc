import type { FastifyReply, FastifyRequest } from "fastify";
import type { ChannelView } from "../core/broker/views.ts";

/** Part of every tag: another release may write the same entries otherwise. */
const formVersion = 1;

/**
 * What is kept of a channel whose process has ended changes no more: whoever has an answer with its tag
 * (RFC 9110 §8.8.3) needs it no second time. True: it has been answered with 304.
 */
export function answerFromTag(
  request: FastifyRequest,
  reply: FastifyReply,
  { epoch, first, last, outcome }: ChannelView,
  form: "json" | "bytes",
): boolean {
  if (outcome === undefined) return false;
  const tag = `"${formVersion}.${form}.${epoch}.${first}-${last}"`;
  void reply.headers({
    etag: tag,
    // Kept by the reader alone, and asked for again each time: the right to read may be gone.
    "cache-control": "private, no-cache",
    vary: `${String(reply.getHeader("vary") ?? "origin")}, accept, authorization`,
  });
  const known = (request.headers["if-none-match"] ?? "").split(",").map(withoutWeakness);
  if (!known.includes(tag) && !known.includes("*")) return false;
  void reply.code(304).send();
  return true;
}

function withoutWeakness(tag: string): string {
  return tag.trim().replace(/^W\//, "");
}
