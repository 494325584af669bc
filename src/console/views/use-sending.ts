import { useState } from "preact/hooks";
import { isChannelError, type Channel, type SendOptions } from "../../client/index.ts";

export interface Sending {
  /** So much is not acknowledged yet. */
  readonly waiting: number;
  /** Why the newest was refused, or "". */
  readonly failure: string;
  /** Resolves with whether it is there. */
  readonly send: (payload: string, options?: SendOptions) => Promise<boolean>;
}

/** What a person sends into a channel, and what has become of it. */
export function useSending(channel: Channel): Sending {
  const [waiting, setWaiting] = useState(0);
  const [failure, setFailure] = useState("");
  const send = async (payload: string, options: SendOptions = {}): Promise<boolean> => {
    setWaiting((count) => count + 1);
    setFailure("");
    try {
      await channel.send(payload, options);
      return true;
    } catch (error) {
      if (!isChannelError(error)) throw error;
      setFailure(error.message);
      return false;
    } finally {
      setWaiting((count) => count - 1);
    }
  };
  return { waiting, failure, send };
}
