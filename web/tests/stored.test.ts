import "fake-indexeddb/auto";
import { afterEach, expect, test, vi } from "vitest";
import { change, read, remove, write } from "../src/kit/stored";

afterEach(() => vi.restoreAllMocks());

/** The next transaction finds that its connection has ended, as on a phone that comes back from the background. */
function connectionEnds(name: string) {
  return vi.spyOn(IDBDatabase.prototype, "transaction").mockImplementationOnce(() => {
    throw new DOMException("the connection was lost", name);
  });
}

test.each(["InvalidStateError", "UnknownError"])("what is kept is found again on a new connection after %s", async (name) => {
  await write("phone", "key", { counter: 1 });
  const transaction = connectionEnds(name);
  expect(await read("phone", "key")).toEqual({ counter: 1 });
  expect(transaction).toHaveBeenCalledTimes(2);
});

test("a change on an ended connection is made once", async () => {
  await write("phone", "counter", 7);
  connectionEnds("InvalidStateError");
  expect(await change<number>("phone", "counter", (value) => (value ?? 0) + 1)).toBe(8);
  expect(await read("phone", "counter")).toBe(8);
});

test("another fault is told at once", async () => {
  const transaction = connectionEnds("DataCloneError");
  await expect(write("cache", "queries", {})).rejects.toThrow("the connection was lost");
  expect(transaction).toHaveBeenCalledTimes(1);
});

test("what was removed is gone", async () => {
  await write("cache", "queries", 1);
  await remove("cache", "queries");
  expect(await read("cache", "queries")).toBeUndefined();
});
