/**
 * A directory in which one call of the log fails and every other one goes through: what is wrong with a disk may
 * pass, and a store that tried again would believe that nothing was lost.
 * @typedef {import("./store-server.ts").LogFault} LogFault
 * @typedef {import("../../src/stores/segment-log/index.ts").StoreFile} StoreFile
 */

/** As a segment is called while it is prepared; not those that compaction makes. */
const segmentForm = /^\d+\.segment\.tmp$/;

/**
 * @param {typeof import("../../src/stores/segment-log/index.ts").NodeDirectory} NodeDirectory
 * @param {string} path
 * @param {LogFault} fault
 */
export function createFailingDirectory(NodeDirectory, path, fault) {
  let calls = 0;
  /** @param {LogFault["call"]} call */
  const fails = (call) => call === fault.call && ++calls === fault.nth;
  return new (class extends NodeDirectory {
    /**
     * @override
     * @param {string} name
     */
    async create(name) {
      const file = await super.create(name);
      return segmentForm.test(name) ? withFault(file, fails, fault) : file;
    }
  })(path);
}

/**
 * @param {StoreFile} file
 * @param {(call: LogFault["call"]) => boolean} fails
 * @param {LogFault} fault
 * @returns {StoreFile}
 */
function withFault(file, fails, { effect }) {
  const write = file.write.bind(file);
  const sync = file.sync.bind(file);
  // Before its header is written, it is only room for a segment to come.
  let isLog = false;
  file.write = async (chunks, position) => {
    isLog ||= chunks.some(([byte]) => byte !== 0);
    if (!isLog || !fails("write")) return await write(chunks, position);
    const bytes = Buffer.concat(chunks);
    const written = { none: 0, half: bytes.length >> 1, whole: bytes.length }[effect];
    if (written > 0) await write([bytes.subarray(0, written)], position);
    throw brokenError();
  };
  file.sync = async () => {
    if (!isLog || !fails("sync")) return await sync();
    if (effect === "whole") await sync();
    throw brokenError();
  };
  return file;
}

function brokenError() {
  return Object.assign(new Error("EIO: i/o error"), { code: "EIO" });
}
