// Redis with many streams: blocking reads of a thousand of them each.
import { connect } from "./redis.mjs";

export { startServer } from "./redis.mjs";

const perConnection = 1_000;
const nameOf = (index) => `c${index}`;

export async function createChannels() {}

export async function openChannelsPublisher(address) {
  const client = connect(address);
  return { publish: (index, message) => client.xadd(nameOf(index), "*", "p", message) };
}

export async function openChannelsReader(address, count, take) {
  for (let first = 0; first < count; first += perConnection) {
    const client = connect(address);
    await client.ping();
    void read(client, { first, length: Math.min(perConnection, count - first) }, take);
  }
}

async function read(client, { first, length }, take) {
  const names = Array.from({ length }, (_, index) => nameOf(first + index));
  const lasts = names.map(() => "0");
  for (;;) {
    const answer = await client
      .xreadBuffer("COUNT", 1000, "BLOCK", 0, "STREAMS", ...names, ...lasts)
      .catch(() => undefined);
    // The server has gone, or the program is about to.
    if (answer === undefined) return;
    for (const [name, messages] of answer ?? []) {
      const index = Number(String(name).slice(1));
      for (const [id, [, message]] of messages) {
        lasts[index - first] = String(id);
        take(index, message);
      }
    }
  }
}
