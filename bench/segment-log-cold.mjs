// Memory of cold channels: of processes that run and are silent, with one channel each, in the segment log
// alone and with a broker over it. Each is measured in a process of its own, after all garbage is collected.
import { runMeasured } from "./measured-program.mjs";
import { withDirectory } from "./stored-batch.mjs";

const bytesMax = 1024;
const judgedCount = 100_000;
const cases = {
  filled: "store and broker, after they were made",
  store: "store alone, after a start",
  broker: "store and broker, after a start",
};

export async function benchColdChannels({ count = 100_000 } = {}) {
  const rows = [];
  const verdicts = [];
  const figures = {};
  await withDirectory(async (path) => {
    for (const [how, name] of Object.entries(cases)) {
      const { heap, resident } = await runMeasured("cold-channels.mjs", [path, how, String(count)]);
      figures[how] = { heap, resident };
      rows.push([name, ...[heap, resident].map((bytes) => `${bytes.toFixed(0)} B`)]);
      // Of few, what there is once is most of it.
      if (count >= judgedCount)
        verdicts.push({ target: `cold channel, ${name}: at most 1 KiB`, met: heap <= bytesMax });
    }
  });
  const title = `Memory of ${count.toLocaleString("en")} cold channels of as many running processes, per channel`;
  return {
    tables: [{ title, header: ["", "heap and buffers", "resident"], rows }],
    figures,
    verdicts,
  };
}
