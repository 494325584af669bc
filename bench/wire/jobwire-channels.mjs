// Ours with many channels: a hundred in a process, as many on a connection as a client keeps producers for.
import { connect, follow } from "./jobwire.mjs";

export { startServer } from "./jobwire.mjs";

const perProcess = 100;
const perConnection = 500;
const processOf = (index) => `many-${Math.floor(index / perProcess)}`;
const nameOf = (index) => `c${index % perProcess}`;

function openChannels(address, count) {
  const wires = Array.from({ length: Math.ceil(count / perConnection) }, () => connect(address));
  const channels = Array.from({ length: count }, (_, index) =>
    wires[Math.floor(index / perConnection)].process(processOf(index)).channel(nameOf(index)),
  );
  return { wires, channels };
}

export async function createChannels(address, count) {
  const wire = connect(address);
  for (let first = 0; first < count; first += perProcess) {
    const length = Math.min(perProcess, count - first);
    const channels = Array.from({ length }, (_, index) => ({ name: nameOf(index) }));
    await wire.createProcess({ id: processOf(first), channels });
  }
  await wire.close();
}

export async function openChannelsPublisher(address, count) {
  const { channels } = openChannels(address, count);
  return { publish: (index, message) => channels[index].send(message) };
}

export async function openChannelsReader(address, count, take) {
  const { channels } = openChannels(address, count);
  await Promise.all(
    channels.map((channel, index) => follow(channel, (payload) => take(index, payload))),
  );
}
