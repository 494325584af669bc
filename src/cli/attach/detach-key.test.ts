import { describe, expect, it } from "vitest";
import { detachKeyForm, splitAtKey } from "./detach-key.ts";

describe("detachKeyForm", () => {
  it.each([
    ["ctrl-\\", "Ctrl-\\", 0x1c],
    ["ctrl-a", "Ctrl-A", 1],
    ["CTRL-]", "Ctrl-]", 0x1d],
    ["none", "none", undefined],
  ])("reads %s", (text, name, byte) => {
    expect(detachKeyForm.parse(text)).toEqual({ name, byte });
  });

  it.each(["", "a", "ctrl-", "ctrl-ab", "ctrl-1", "alt-a"])("refuses %j", (text) => {
    expect(detachKeyForm.parse(text)).toBeUndefined();
  });
});

describe("splitAtKey", () => {
  const key = { name: "Ctrl-A", byte: 1 };

  it("gives what was typed before it, and drops what follows", () => {
    const typed = Buffer.from("ab\x01cd");
    expect(splitAtKey(typed, key)).toEqual({ before: typed.subarray(0, 2), isPressed: true });
  });

  it("lets everything through without it", () => {
    const typed = Buffer.from("ab\x01");
    const none = { name: "none", byte: undefined };
    expect(splitAtKey(typed, none)).toEqual({ before: typed, isPressed: false });
    expect(splitAtKey(Buffer.from("ab"), key).isPressed).toBe(false);
  });
});
