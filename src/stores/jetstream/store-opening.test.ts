import { expect, it } from "vitest";
import { openJetStreamStore } from "./store-opening.ts";
import { createJetStreamStore } from "./store-report.ts";

/** Nobody listens there: whoever were asked would be asked in vain. */
const location = { connection: { servers: "nats://127.0.0.1:1" } };

it.each([0, 65, 1.5, Number.NaN])("a store of %s streams is a mistake", async (streamCount) => {
  const create = { streamCount, replicas: 1, streamBytesMax: 2 ** 26 };
  const mistake = new RangeError(
    `streamCount must be a whole number from 1 to 64, got ${streamCount}`,
  );
  await expect(openJetStreamStore({ ...location, create })).rejects.toEqual(mistake);
  await expect(createJetStreamStore(location, create)).rejects.toEqual(mistake);
});
