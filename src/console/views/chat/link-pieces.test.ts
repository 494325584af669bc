import { expect, it } from "vitest";
import { linkPieces } from "./link-pieces.ts";

it("finds addresses of the web in a text, and no others", () => {
  expect(linkPieces("see https://a.example/x?y=1), or http://b.example.")).toEqual([
    { text: "see " },
    { text: "https://a.example/x?y=1", link: "https://a.example/x?y=1" },
    { text: "), or " },
    { text: "http://b.example", link: "http://b.example/" },
    { text: "." },
  ]);
  expect(linkPieces("javascript:alert(1) data:text/html,x")).toEqual([
    { text: "javascript:alert(1) data:text/html,x" },
  ]);
  expect(linkPieces("")).toEqual([]);
});
