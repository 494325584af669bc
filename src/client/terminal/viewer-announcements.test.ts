import { describe, expect, it } from "vitest";
import type { SendReceipt } from "../producer.ts";
import { decodeViewer, type TerminalViewer } from "../../protocol/terminal-entries.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { ViewerAnnouncements } from "./viewer-announcements.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const size = (columns: number) => ({ columns, rows: 10 });

function create() {
  const told: TerminalViewer[] = [];
  const clock = new FakeClock();
  let answers: Promise<SendReceipt> = Promise.resolve({ position: 1, sequence: 1 });
  const control = {
    send: (payload: string | Uint8Array): Promise<SendReceipt> => {
      told.push(decodeViewer(payload as Uint8Array)!);
      return answers;
    },
  };
  const announcements = new ViewerAnnouncements({
    control,
    producerId: () => "keys",
    system: { clock, randomId: () => "me" },
  });
  const columns = (): unknown[] => told.splice(0).map((viewer) => viewer.size?.columns);
  const loseLine = (): void => void (answers = new Promise(() => undefined));
  return { announcements, clock, columns, told, loseLine };
}

describe("ViewerAnnouncements", () => {
  it("tells at once who looks, how large, and under which name it types", async () => {
    const { announcements, told } = create();
    announcements.announce(size(80));
    expect(told).toEqual([{ viewer: "me", producer: "keys", size: size(80) }]);
    await turn();
  });

  it("tells sizes that follow soon together", async () => {
    const { announcements, clock, columns } = create();
    announcements.announce(size(80));
    await turn();
    for (const width of [81, 82, 83]) announcements.announce(size(width));
    expect(columns()).toEqual([80]);
    clock.advance(50);
    await turn();
    expect(columns()).toEqual([83]);
  });

  it("repeats it, until it leaves and says that", async () => {
    const { announcements, clock, columns } = create();
    announcements.announce(size(80));
    for (let i = 0; i < 2; i++) {
      await turn();
      clock.advance(20_000);
    }
    await announcements.leave();
    clock.advance(60_000);
    expect(columns()).toEqual([80, 80, 80, undefined]);
  });

  it("does not wait long for a server that is away", async () => {
    const { announcements, clock, loseLine } = create();
    announcements.announce(size(80));
    await turn();
    loseLine();
    const leaving = announcements.leave();
    clock.advance(500);
    await leaving;
  });
});
