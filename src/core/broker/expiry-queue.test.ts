import fc from "fast-check";
import { expect, it } from "vitest";
import type { ClosedProcess } from "../store.ts";
import { ExpiryQueue } from "./expiry-queue.ts";

const key = ({ id, closedAt }: ClosedProcess): string => `${closedAt} ${id}`;

it("ExpiryQueue gives each process once, in the order in which they closed, whatever the order they came in", () => {
  const process = fc.record({ id: fc.constantFrom("a", "b", "c", "d"), closedAt: fc.nat(5) });
  const step = fc.record({ what: fc.constantFrom("add", "remove", "take"), process });
  const listed = fc.uniqueArray(process, { selector: key });
  fc.assert(
    fc.property(listed, fc.array(step), fc.nat(5), (atStart, steps, until) => {
      const queue = new ExpiryQueue();
      queue.add({ id: "a", closedAt: 3 });
      queue.addAll(atStart);
      const model = new Map<string, ClosedProcess>();
      for (const one of [...atStart, { id: "a", closedAt: 3 }]) model.set(key(one), one);
      const first = (): ClosedProcess | undefined => model.get([...model.keys()].sort()[0] ?? "");
      for (const { what, process: one } of steps) {
        if (what === "add") queue.add(one);
        if (what === "add") model.set(key(one), one);
        if (what === "remove") queue.remove(one);
        if (what === "remove") model.delete(key(one));
        if (what !== "take") continue;
        const expected = first();
        const isDue = expected !== undefined && expected.closedAt <= until;
        expect(queue.takeFirst(until)).toEqual(isDue ? expected : undefined);
        if (isDue) model.delete(key(expected));
      }
      expect(queue.size).toBe(model.size);
    }),
  );
});
