import { expect, test, vi } from "vitest";
import { insisted, Problem, Unanswered, Unreachable } from "../src/kit/api";

test("an answer that was lost is asked for again, by the same request", async () => {
  const send = vi.fn().mockRejectedValueOnce(new Unreachable()).mockResolvedValue("done");
  expect(await insisted(send)).toBe("done");
  expect(send).toHaveBeenCalledTimes(2);
});

test("where no answer comes at all it is not known what became of the request", async () => {
  const send = vi.fn().mockRejectedValue(new Unreachable());
  await expect(insisted(send)).rejects.toThrow(Unanswered);
  expect(send).toHaveBeenCalledTimes(3);
});

test("a refusal is an answer", async () => {
  const refusal = new Problem(409, { code: "counter-used" }, null);
  const send = vi.fn().mockRejectedValue(refusal);
  await expect(insisted(send)).rejects.toBe(refusal);
  expect(send).toHaveBeenCalledTimes(1);
});
