import process from "node:process";

/**
 * A program that does what it is told by the one who started it, one thing at a time: `{ task, … }` is answered by
 * `{ result }` or `{ error }`. It ends with that one.
 */
export function serveTasks(work) {
  process.on("disconnect", () => process.exit());
  process.on("message", ({ task, ...given }) => {
    Promise.resolve(given)
      .then(work[task])
      .then(
        (result) => process.send({ result: result ?? {} }),
        (error) => process.send({ error: String(error?.stack ?? error) }),
      );
  });
}
