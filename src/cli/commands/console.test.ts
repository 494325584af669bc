import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CommandWorld } from "../../../test/command-world.ts";

let commands: CommandWorld;

beforeAll(async () => {
  commands = await CommandWorld.create();
  await commands.create({ id: "train-1", label: "train" });
});

afterAll(() => commands[Symbol.asyncDispose]());

/** As the console does with what its link brings along. */
async function signIn(code: string | null): Promise<{ identity?: string; status: number }> {
  const response = await fetch(`${commands.server.url}/v1/sign-in`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ code }),
  });
  return { ...((await response.json()) as object), status: response.status };
}

describe("console", () => {
  it("prints a link that signs in once", async () => {
    const { exitCode, stdout } = await commands.run(["console"]);
    expect(exitCode).toBe(0);
    const [place, fragment] = stdout.trimEnd().split("#");
    expect(place).toBe(`${commands.server.url}/`);
    const code = new URLSearchParams(fragment).get("code");

    expect(await signIn(code)).toMatchObject({ status: 200, identity: "sub" });
    expect(await signIn(code)).toMatchObject({ status: 401 });
  });

  it("leads to a process by its name", async () => {
    const { stdout } = await commands.run(["console", "train"]);
    expect(new URLSearchParams(stdout.trimEnd().split("#")[1]).get("to")).toBe("/p/train-1");
  });

  it("says when there is no such process", async () => {
    expect((await commands.run(["console", "nobody"])).exitCode).toBe(5);
  });
});
