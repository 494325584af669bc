import { randomId, systemTime, type System } from "../core/system.ts";

/**
 * Timers of a client keep a program of node alive: it waits for something, if only for a server that is
 * away. A client that waits for nothing has none.
 */
export const clientSystem: System = {
  clock: {
    ...systemTime,
    after(ms, callback) {
      const timer = setTimeout(callback, Math.min(ms, 2_147_483_647));
      return { cancel: () => clearTimeout(timer) };
    },
  },
  randomId,
};
