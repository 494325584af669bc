// What is compared takes turns, so that what disturbs one disturbs all.
import { performance } from "node:perf_hooks";
import process from "node:process";

/** Appends per second, and microseconds of the processor for each, of so many writers for one turn. */
export async function takeTurn(writers, { append }, turnMs) {
  let count = 0;
  const cpu = process.cpuUsage();
  const start = performance.now();
  const loop = async (writer) => {
    while (performance.now() < start + turnMs) {
      await append(writer);
      count++;
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, writer) => loop(writer)));
  const seconds = (performance.now() - start) / 1e3;
  const { user, system } = process.cpuUsage(cpu);
  return { rate: count / seconds, cpu: (user + system) / count };
}
