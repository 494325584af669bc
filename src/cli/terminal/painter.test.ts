import { once } from "node:events";
import { Writable } from "node:stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TerminalSize } from "../../protocol/terminal-entries.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { Painter } from "./painter.ts";
import { cursor, readModes } from "./screen-modes.ts";
import { Screen } from "./screen.ts";
import { shownRow } from "./shown-row.ts";
import { enterText } from "./terminal-takeover.ts";

/** A terminal that is painted on, and takes each frame when it is told to, or at once. */
class PaintedTerminal extends Writable {
  readonly frames: string[] = [];
  readonly shown: Screen;
  isSlow = false;
  #taken: (() => void) | undefined;

  constructor(shown: Screen) {
    super({ highWaterMark: 1 });
    this.shown = shown;
  }

  static async create(size: TerminalSize): Promise<PaintedTerminal> {
    const shown = await Screen.create(size);
    await shown.write(enterText);
    return new PaintedTerminal(shown);
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.frames.push(chunk.toString());
    const taken = this.shown.write(chunk);
    if (this.isSlow) this.#taken = () => void taken.then(done);
    else void taken.then(done);
  }

  get hasUntaken(): boolean {
    return this.#taken !== undefined;
  }

  async take(): Promise<void> {
    const drained = once(this, "drain");
    this.#taken?.();
    this.#taken = undefined;
    await drained;
  }
}

const rowsOf = (screen: Screen): string[] =>
  Array.from({ length: screen.rows }, (_, row) =>
    shownRow(screen, row, { from: 0, width: screen.columns }),
  );

/** What is shown of it, and what is beside and below; and what has to be. */
function compare(screen: Screen, painter: Painter, shown: Screen) {
  const { origin } = painter;
  const width = Math.min(shown.columns, screen.columns);
  const beside = { from: width, width: shown.columns - width };
  const rows = Array.from({ length: shown.rows }, (_, at) => at);
  return {
    painted: rows.map((at) => [
      shownRow(shown, at, { from: 0, width }),
      shownRow(shown, at, beside),
    ]),
    expected: rows.map((at) => {
      const row = at + origin.row;
      const part = { from: origin.column, width };
      return [row < screen.rows ? shownRow(screen, row, part) : "", ""];
    }),
  };
}

const side = fc.integer({ min: 2, max: 12 });
const sizes = fc.record({ columns: side, rows: side });
const output = fc.oneof(
  fc.stringMatching(/^[a-z ]{0,30}$/),
  fc.constantFrom(
    "\r\n",
    "\n",
    "世界",
    "é",
    "🎉",
    "\x1b[2J",
    "\x1b[H",
    "\x1b[K",
    "\x1b[?25l",
    "\x1b[?25h",
    "\x1b[?2026h",
    "\x1b[?2026l",
  ),
  fc.constantFrom(
    "\x1b[?1049h",
    "\x1b[?1049l",
    "\x1b[?1000h",
    "\x1b[?1006h",
    "\x1b[?1h",
    "\x1b[?2004h",
  ),
  fc.constantFrom(
    "\x1b[L",
    "\x1b[M",
    "\x1b[3;5r",
    "\x1b[r",
    "\x1bM",
    "\x1b[31m",
    "\x1b[44m",
    "\x1b[7m",
    "\x1b[m",
  ),
  fc.tuple(side, side).map(([row, column]) => `\x1b[${row};${column}H`),
);
const steps = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: output.map((text) => ({ kind: "output", text }) as const) },
    { weight: 1, arbitrary: sizes.map((size) => ({ kind: "resize", size }) as const) },
    { weight: 1, arbitrary: sizes.map((size) => ({ kind: "viewer", size }) as const) },
    { weight: 3, arbitrary: fc.constant({ kind: "time" } as const) },
    { weight: 1, arbitrary: fc.constant({ kind: "repaint" } as const) },
  ),
  { maxLength: 40 },
);

describe("Painter", () => {
  it("makes the terminal show the screen, whatever is written and however sizes change", async () => {
    await fc.assert(
      fc.asyncProperty(sizes, sizes, steps, fc.boolean(), async (first, viewer, all, isSlow) => {
        const clock = new FakeClock();
        const screen = await Screen.create(first);
        const terminal = await PaintedTerminal.create(viewer);
        terminal.isSlow = isSlow;
        const painter = new Painter(terminal, { screen, size: viewer, clock });
        painter.repaint();
        for (const step of all) {
          if (step.kind === "output") await screen.write(step.text);
          if (step.kind === "resize") await screen.resize(step.size);
          if (step.kind === "time") {
            clock.advance(10);
            if (terminal.hasUntaken) await terminal.take();
          }
          if (step.kind === "viewer") {
            await terminal.shown.resize(step.size);
            painter.resize(step.size);
          } else if (step.kind === "repaint") {
            await terminal.shown.write("\x1b[1;1H\x1b[41mXX");
            painter.repaint();
          } else painter.update();
        }
        await settle(painter, terminal, clock);
        const { painted, expected } = compare(screen, painter, terminal.shown);
        expect(painted).toEqual(expected);
        expect(readModes(terminal.shown)).toEqual(readModes(screen));
        const { column, row } = cursor(screen);
        const { origin } = painter;
        const place = { column: column - origin.column, row: row - origin.row };
        expect(cursor(terminal.shown)).toEqual(place);
      }),
      { numRuns: 150 },
    );
  });

  it("paints the first change at once, and those that follow together", async () => {
    const { screen, terminal, painter, clock } = await create();
    await screen.write("a");
    painter.update();
    expect(terminal.frames).toHaveLength(1);
    await painter.drained();
    for (const text of ["b", "c", "d"]) {
      await screen.write(text);
      painter.update();
    }
    expect(terminal.frames).toHaveLength(1);
    clock.advance(8);
    expect(terminal.frames).toHaveLength(2);
    await painter.drained();
    expect(rowsOf(terminal.shown)[0]).toBe("abcd");
  });

  it("writes nothing where nothing has changed", async () => {
    const { screen, terminal, painter, clock } = await create();
    await screen.write("a");
    painter.update();
    await painter.drained();
    clock.advance(10);
    painter.update();
    expect(terminal.frames).toHaveLength(1);
  });

  it("skips what a slow terminal has no time for", async () => {
    const { screen, terminal, painter, clock } = await create();
    terminal.isSlow = true;
    for (let i = 0; i < 50; i++) {
      await screen.write(`\x1b[H${i}`);
      painter.update();
      clock.advance(10);
    }
    expect(terminal.frames).toHaveLength(1);
    await terminal.take();
    expect(terminal.frames).toHaveLength(2);
    expect(terminal.frames[1]).toContain("49");
  });

  it("waits for a program that asks for it, not for ever", async () => {
    const { screen, terminal, painter, clock } = await create();
    await screen.write("\x1b[?2026hhalf");
    painter.update();
    expect(terminal.frames).toHaveLength(0);
    await screen.write("whole\x1b[?2026l");
    painter.update();
    expect(terminal.frames).toHaveLength(1);
    await painter.drained();
    await screen.write("\x1b[?2026hnever");
    clock.advance(10);
    painter.update();
    clock.advance(149);
    expect(terminal.frames).toHaveLength(1);
    clock.advance(1);
    expect(terminal.frames).toHaveLength(2);
  });

  it("covers the last row with a note, and gives it back", async () => {
    const { screen, terminal, painter, clock } = await create();
    await screen.write("\x1b[5;1Hlast");
    painter.note("away");
    await painter.drained();
    expect(rowsOf(terminal.shown)[4]).toContain(" away ");
    clock.advance(10);
    painter.note(undefined);
    await painter.drained();
    expect(rowsOf(terminal.shown)[4]).toBe("last");
  });

  it("paints nothing once it is stopped", async () => {
    const { screen, terminal, painter, clock } = await create();
    painter.update();
    await painter.drained();
    await screen.write("x");
    painter.update();
    painter.stop();
    clock.advance(100);
    painter.update();
    expect(terminal.frames).toHaveLength(1);
    await painter.settled();
  });
});

async function create() {
  const clock = new FakeClock();
  const size = { columns: 20, rows: 5 };
  const screen = await Screen.create(size);
  const terminal = await PaintedTerminal.create(size);
  return { clock, screen, terminal, painter: new Painter(terminal, { screen, size, clock }) };
}

async function settle(
  painter: Painter,
  terminal: PaintedTerminal,
  clock: FakeClock,
): Promise<void> {
  terminal.isSlow = false;
  const settled = painter.settled().then(() => true);
  const isSettled = async (): Promise<boolean> =>
    await Promise.race([settled, new Promise<false>((resolve) => setImmediate(resolve, false))]);
  while (!(await isSettled())) {
    clock.advance(10);
    if (terminal.hasUntaken) await terminal.take();
  }
}
