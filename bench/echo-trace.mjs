// Loaded into the programs of the echo benchmark before their own code (`--import`): notes when each of them reads,
// writes and syncs, and leaves that in a file of the directory JOBWIRE_ECHO_TRACE when it ends.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { Socket } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { Readable } from "node:stream";
import { sharedMs } from "./wire/message.mjs";

const notes = [];
const program = process.argv[2];
const note = (what) => notes.push([sharedMs(), `${program} ${what}`]);

/** Sockets have two ends, whatever else is read and written here is a terminal's. */
const placeOf = (socket) => (socket.remotePort === undefined ? "terminal" : "socket");

const { push } = Readable.prototype;
Readable.prototype.push = function (chunk, ...rest) {
  if (chunk !== null) note(`reads ${placeOf(this)}`);
  return push.call(this, chunk, ...rest);
};

const { write } = Socket.prototype;
Socket.prototype.write = function (...all) {
  note(`writes ${placeOf(this)}`);
  return write.apply(this, all);
};

for (const name of ["write", "writev", "fdatasync"]) {
  const call = fs[name];
  fs[name] = (...all) => {
    const callback = all.pop();
    note(`calls ${name}`);
    return call(...all, (...results) => {
      note(`ends ${name}`);
      callback(...results);
    });
  };
}
syncBuiltinESMExports();

process.on("exit", () => {
  const file = join(process.env.JOBWIRE_ECHO_TRACE, `${program}.json`);
  fs.writeFileSync(file, JSON.stringify(notes));
});
