import type { Channel } from "../../client/index.ts";

const partBytes = 4 * 1024 * 1024;

export interface CollectOptions {
  readonly signal: AbortSignal;
  readonly onBytes: (bytes: number) => void;
}

/** The payloads of all data entries that the channel holds now. A browser keeps large blobs on its disk. */
export async function collectChannel(
  channel: Channel,
  { signal, onBytes }: CollectOptions,
): Promise<Blob> {
  const { first, last } = await channel.get();
  let whole = new Blob([]);
  let parts: Uint8Array<ArrayBuffer>[] = [];
  let waiting = 0;
  const flush = (): void => {
    whole = new Blob([whole, ...parts]);
    parts = [];
    waiting = 0;
    onBytes(whole.size);
  };
  if (last >= first && last > 0)
    for await (const entry of channel.entries({ after: first - 1, signal })) {
      if (entry.position <= last && entry.type === "data") {
        parts.push(entry.payload as Uint8Array<ArrayBuffer>);
        waiting += entry.payload.length;
      }
      if (waiting >= partBytes) flush();
      if (entry.position >= last) break;
    }
  flush();
  return whole;
}
