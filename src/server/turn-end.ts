let end: Promise<void> | undefined;

/**
 * Resolves once what has come in this turn of the event loop was taken up. Answers that are written together then cost
 * little: each one that is written by itself wakes a peer that has gone to sleep, which takes as long as a small request.
 */
export function turnEnd(): Promise<void> {
  return (end ??= new Promise((resolve) => {
    setImmediate(() => {
      end = undefined;
      resolve();
    });
  }));
}
