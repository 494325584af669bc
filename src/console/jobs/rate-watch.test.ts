import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ChannelView, Jobwire } from "../../client/index.ts";
import { RateWatch } from "./rate-watch.ts";

const page = { visibilityState: "visible" };
let asked: string[];
let waiting: Map<string, (channels: readonly ChannelView[] | Error) => void>;
let watch: RateWatch;

/** Answers when the test says so. */
const wire = {
  process: (id: string) => ({
    channels: () =>
      new Promise((resolve, reject) => {
        asked.push(id);
        waiting.set(id, (answer) => (answer instanceof Error ? reject(answer) : resolve(answer)));
      }),
  }),
} as unknown as Jobwire;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("document", page);
  page.visibilityState = "visible";
  asked = [];
  waiting = new Map();
  watch = new RateWatch(wire);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const channel = (last: number): ChannelView => ({
  spec: { name: "out", maxLogEntries: 1, maxLogBytes: 1, whenFull: "trim", writers: "both" },
  epoch: "e",
  first: 1,
  last,
  keptBytes: last * 10,
});

async function answer(id: string, channels: readonly ChannelView[] | Error): Promise<void> {
  waiting.get(id)?.(channels);
  waiting.delete(id);
  await vi.advanceTimersByTimeAsync(0);
}

describe("the watch over rates", () => {
  it("asks again and again about what is shown, and tells how fast it writes", async () => {
    watch.show(["a"]);
    await answer("a", [channel(5)]);
    expect(watch.ratesOf("a").value).toEqual([]);
    await vi.advanceTimersByTimeAsync(2_000);
    await answer("a", [channel(25)]);
    expect(asked).toEqual(["a", "a"]);
    expect(watch.ratesOf("a").value).toMatchObject([{ entries: 10, bytes: 100 }]);
  });

  it("has four questions under way at most, and asks the next when one is answered", async () => {
    watch.show(["a", "b", "c", "d", "e", "f"]);
    expect(asked).toEqual(["a", "b", "c", "d"]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(asked).toHaveLength(4);
    await answer("b", []);
    expect(asked.slice(4)).toEqual(["e"]);
  });

  it("leaves alone what is shown no more", async () => {
    watch.show(["a", "b"]);
    await answer("a", []);
    await answer("b", []);
    watch.show(["b"]);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(asked.slice(2)).toEqual(["b"]);
    watch.show([]);
    await answer("b", []);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(asked).toHaveLength(3);
  });

  it("asks nothing while nobody looks at the page", async () => {
    watch.show(["a"]);
    await answer("a", []);
    page.visibilityState = "hidden";
    await vi.advanceTimersByTimeAsync(10_000);
    expect(asked).toHaveLength(1);
    page.visibilityState = "visible";
    await vi.advanceTimersByTimeAsync(2_000);
    expect(asked).toHaveLength(2);
  });

  it("asks a server that refuses no oftener than one that answers", async () => {
    watch.show(["a"]);
    await answer("a", new Error("refused"));
    expect(asked).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(asked).toHaveLength(2);
    await answer("a", [channel(5)]);
    // What was before the refusal is not measured against.
    expect(watch.ratesOf("a").value).toEqual([]);
  });

  it("forgets the jobs that were unseen for longest, and none that is shown", () => {
    watch.show(["shown"]);
    const [shown, unseen] = [watch.ratesOf("shown"), watch.ratesOf("unseen")];
    for (let n = 0; n < 300; n++) watch.ratesOf(`job-${n}`);
    expect(watch.ratesOf("unseen")).not.toBe(unseen);
    expect(watch.ratesOf("shown")).toBe(shown);
    watch.show([]);
  });
});
