import { afterEach, expect, test, vi } from "vitest";
import { Part, whenMissing } from "../src/page/parts";

afterEach(() => whenMissing(() => {}));

test("a part is fetched once, however often it is wanted", async () => {
  const fetch = vi.fn(async () => ({ answer: 42 }));
  const part = new Part("The answer", fetch);
  expect(part.module).toBeNull();
  const [prepared, loaded] = await Promise.all([part.prepare(), part.load(), part.load()]);
  expect(prepared).toBeUndefined();
  expect(loaded).toEqual({ answer: 42 });
  expect(part.module).toEqual({ answer: 42 });
  expect(await part.here).toEqual({ answer: 42 });
  expect(fetch).toHaveBeenCalledTimes(1);
});

test("a part that cannot be fetched is told of when it is wanted, not when it is prepared", async () => {
  const told: string[] = [];
  whenMissing((name, cause) => told.push(`${name}: ${(cause as Error).message}`));
  const part = new Part("The editor", () => Promise.reject(new Error("404")));
  await part.prepare();
  expect(told).toEqual([]);
  expect(await part.load()).toBeNull();
  expect(told).toEqual(["The editor: 404"]);
  expect(part.module).toBeNull();
});

test("a part that could not be fetched is tried again, and those who wait for it get it then", async () => {
  let online = false;
  const part = new Part("The editor", async () => {
    if (!online) throw new Error("offline");
    return "editor";
  });
  const waiting = part.here;
  expect(await part.load()).toBeNull();
  online = true;
  expect(await part.load()).toBe("editor");
  expect(await waiting).toBe("editor");
});
