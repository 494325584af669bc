import { appendRun, continueRuns, overwriteRuns, sliceRuns, type TextRun } from "./text-run.ts";
import { applyLink, applySgr, continueStyle, plainStyle, type TextStyle } from "./text-style.ts";

// Controls but for the tab: whatever else there is in a line is text.
const controlForm = /[^\P{Cc}\t]/gu;
const controlInLinesForm = /[^\P{Cc}\t\n]/u;
// Longer ones are of no use to anybody, and have to be kept until they are whole.
const sequenceLengthMax = 8192;

const escape = "\u001b";
const bell = "\u0007";
// A string of these kinds ends with a bell or ESC \: titles, clipboards, device requests and links.
const stringStarts = "]PX^_";

/** Whether there is anything in these lines that is no text. */
export function hasControl(lines: string): boolean {
  return controlInLinesForm.test(lines);
}

type Mode = "text" | "escape" | "control" | "string" | "string-escape";

/**
 * The line that a terminal would show of what is written to it: carriage returns and backspaces move back,
 * SGR sequences colour, and every other sequence does nothing at all.
 */
export class LineBuilder {
  #runs: TextRun[] = [];
  #length = 0;
  #column = 0;
  #style: TextStyle;
  #mode: Mode = "text";
  #sequence = "";

  constructor(style: TextStyle = plainStyle) {
    this.#style = style;
  }

  get runs(): readonly TextRun[] {
    return this.#runs;
  }

  /** UTF-16 units that are shown. */
  get length(): number {
    return this.#length;
  }

  get style(): TextStyle {
    return this.#style;
  }

  get isEmpty(): boolean {
    return this.#length === 0 && this.#column === 0 && this.#mode === "text";
  }

  /** What came before it is known by now, and how it looked. */
  continueFrom(before: TextStyle): void {
    this.#style = continueStyle(this.#style, before);
    this.#runs = continueRuns(this.#runs, before);
  }

  /** Any text without a line feed. */
  write(text: string): void {
    for (let at = 0; at < text.length;) {
      if (this.#mode !== "text") {
        this.#sequenceCharacter(text[at] ?? "");
        at++;
        continue;
      }
      controlForm.lastIndex = at;
      const end = controlForm.exec(text)?.index ?? text.length;
      if (end > at) this.#put(text.slice(at, end));
      if (end < text.length) this.#control(text[end] ?? "");
      at = end + 1;
    }
  }

  /** The runs of the line, and an empty one to go on with. A sequence that is not whole goes with `isWhole`. */
  take({ isWhole = true } = {}): readonly TextRun[] {
    const runs = this.#runs;
    this.#runs = [];
    this.#length = 0;
    this.#column = 0;
    if (isWhole) this.#leaveSequence();
    return runs;
  }

  #put(text: string): void {
    if (this.#column === this.#length) appendRun(this.#runs, text, this.#style);
    else this.#runs = overwriteRuns(this.#runs, this.#column, text, this.#style);
    this.#column += text.length;
    this.#length = Math.max(this.#length, this.#column);
  }

  #control(character: string): void {
    if (character === escape) this.#mode = "escape";
    else if (character === "\r") this.#column = 0;
    else if (character === "\b") this.#column = Math.max(0, this.#column - 1);
    else if (character === "\u009b") this.#mode = "control";
    else if ("\u0090\u0098\u009d\u009e\u009f".includes(character)) this.#mode = "string";
  }

  #sequenceCharacter(character: string): void {
    if (character === "\u0018" || character === "\u001a") return this.#leaveSequence();
    if (this.#sequence.length >= sequenceLengthMax) return this.#leaveSequence();
    switch (this.#mode) {
      case "escape":
        return this.#escapeCharacter(character);
      case "control":
        return this.#controlCharacter(character);
      case "string":
        if (character === bell || character === "\u009c") return this.#endString();
        if (character === escape) this.#mode = "string-escape";
        else this.#sequence += character;
        return;
      case "string-escape":
        // Whatever follows ESC here ends the string; only \ is part of its end.
        this.#endString();
        if (character !== "\\") {
          this.#mode = "escape";
          this.#escapeCharacter(character);
        }
        return;
      case "text":
    }
  }

  #escapeCharacter(character: string): void {
    if (character === "[") this.#mode = "control";
    else if (stringStarts.includes(character)) {
      this.#mode = "string";
      this.#sequence = character;
    } else if (character < " " || character > "/") this.#leaveSequence();
  }

  #controlCharacter(character: string): void {
    if (character === escape) {
      this.#leaveSequence();
      this.#mode = "escape";
      return;
    }
    if (character < "@" || character > "~") {
      this.#sequence += character;
      return;
    }
    const parameters = this.#sequence;
    this.#leaveSequence();
    if (character === "m" && /^[\d;:]*$/.test(parameters))
      this.#style = applySgr(this.#style, parameters);
    else if (character === "K") this.#erase(parameters);
  }

  #endString(): void {
    const body = this.#sequence;
    this.#leaveSequence();
    if (body.startsWith("]8;")) this.#style = applyLink(this.#style, body.slice(3));
  }

  /** ESC [ K: to the end of the line; 1: up to the cursor; 2: all of it. */
  #erase(parameters: string): void {
    const blank = " ".repeat(Math.min(this.#column, this.#length));
    if (parameters === "" || parameters === "0")
      this.#runs = sliceRuns(this.#runs, 0, this.#column);
    else if (parameters === "1") this.#runs = overwriteRuns(this.#runs, 0, blank, plainStyle);
    else if (parameters === "2")
      this.#runs = blank === "" ? [] : [{ text: blank, style: plainStyle }];
    else return;
    this.#length = this.#runs.reduce((sum, { text }) => sum + text.length, 0);
  }

  #leaveSequence(): void {
    this.#mode = "text";
    this.#sequence = "";
  }
}
