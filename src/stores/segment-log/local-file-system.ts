import { statfs } from "node:fs/promises";

/** Types of file systems that only one kernel writes to, from linux/magic.h and the modules' own sources. */
const localTypes: ReadonlyMap<bigint, string> = new Map([
  [0xef53n, "ext4"],
  [0x58465342n, "xfs"],
  [0x9123683en, "btrfs"],
  [0xf2f52010n, "f2fs"],
  [0x2fc12fc1n, "zfs"],
  [0xca451a4en, "bcachefs"],
  [0x01021994n, "tmpfs"],
  [0x794c7630n, "overlay"],
]);

/** Whether it is known that no other machine can write to the folder's file system. */
export async function isOnLocalFileSystem(folder: string): Promise<boolean> {
  return localTypes.has(await typeOf(folder));
}

/** The folder's file system for people: its name if it is known to be local, else the number of its type. */
export async function describeFileSystem(folder: string): Promise<string> {
  const type = await typeOf(folder);
  return localTypes.get(type) ?? `of the type 0x${type.toString(16)}, not known to be local`;
}

async function typeOf(folder: string): Promise<bigint> {
  return (await statfs(folder, { bigint: true })).type;
}
