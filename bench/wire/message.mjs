// What is sent: its number from 1 on, the moment for which it was planned, and filling.
import process from "node:process";

/** Milliseconds on a clock that all programs of a machine share. */
export function sharedMs() {
  return Number(process.hrtime.bigint()) / 1e6;
}

export function createMessage(bytes, number, plannedMs = 0) {
  const message = Buffer.alloc(bytes, 120);
  message.writeDoubleLE(number, 0);
  message.writeDoubleLE(plannedMs, 8);
  return message;
}

/** Counts what one reader gets, which is to be 1, 2, 3 … */
export class Tally {
  last = 0;
  missing = 0;
  repeated = 0;
  /** Milliseconds from the planned moment, of messages that have one. */
  latencies = [];

  take(message) {
    const view = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
    const number = view.readDoubleLE(0);
    if (number <= this.last) this.repeated++;
    else {
      this.missing += number - this.last - 1;
      this.last = number;
    }
    const plannedMs = view.readDoubleLE(8);
    if (plannedMs > 0) this.latencies.push(sharedMs() - plannedMs);
  }
}
