// One test for each row of the seed's API (package `channel` of ColonyOS), named after it.
import { describe, expect, it } from "vitest";
import { ChannelError, isChannelError } from "../../src/core/index.ts";

describe("errors of the seed", () => {
  it.each([
    ["ErrChannelNotFound", "channel_not_found", "channel not found"],
    ["ErrUnauthorized", "unauthorized", "unauthorized access to channel"],
    ["ErrChannelExists", "channel_exists", "channel already exists"],
    ["ErrRateLimitExceeded", "rate_limit_exceeded", "rate limit exceeded"],
    ["ErrMessageTooLarge", "message_too_large", "message payload exceeds maximum size"],
    ["ErrChannelFull", "channel_full", "channel log is full"],
    ["ErrTooManyChannels", "too_many_channels", "process has too many channels"],
    ["ErrSubscriberTooSlow", "subscriber_too_slow", "subscriber disconnected: buffer full"],
  ] as const)("%s is %s and keeps its message", (_seed, code, message) => {
    const details = {
      channel: "",
      retryAfterMs: 0,
      limitBytes: 0,
      limit: "maxLogEntries",
      limitValue: 0,
      limitChannels: 0,
      resumeAfter: 0,
    } as const;
    const error = new ChannelError(code, details);
    expect([
      error.code,
      error.message,
      isChannelError(error, code),
      isChannelError(new Error(message)),
    ]).toEqual([code, message, true, false]);
  });
});
