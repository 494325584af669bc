import { expect, it } from "vitest";
import { createSampleKey, createSampleRecord } from "../../testing/store-samples.ts";
import { createHead } from "../../core/channel-head.ts";
import { packRecord } from "./series.ts";
import { StoreState } from "./store-state.ts";

const record = createSampleRecord("a");
const packed = packRecord(record);

it("leaves a name to the later series when a replay meets the earlier one again and its end", () => {
  const state = new StoreState();
  state.putRecord(9, record.id, packed, 27);
  // A checkpoint that was written after the end of series 4 is replayed from before it.
  const earlier = state.putRecord(4, record.id, packed, 19);
  expect(state.records.get("a")?.number).toBe(9);
  state.remove(earlier);
  expect(state.records.get("a")?.number).toBe(9);
  expect(state.processIds.after("", 10)).toEqual(["a"]);
});

it("leaves the name of a log to the later series as well", () => {
  const state = new StoreState();
  const key = createSampleKey();
  state.putLog(9, key, createHead("epoch1", 1), 27);
  state.putLog(4, key, createHead("epoch1", 1), 19);
  const [log] = state.logs.values();
  expect(log?.number).toBe(9);
});
