import { expect, test } from "vitest";
import { updated } from "../src/kit/live";
import { commandsOf, type RemoteCommand } from "../src/domains/commands/life";

function remote(command_id: string, requested_at: string): RemoteCommand {
  return { command_id, command: "lock", state: "done", steps: [], requested_at } as unknown as RemoteCommand;
}

test("a remote command that made room for a newer one is no longer known, and the others are listed", () => {
  const before = { remote_commands: { a: remote("a", "2026-11-22T12:00:00Z"), b: remote("b", "2026-11-22T12:01:00Z") } };
  const after = updated(before, "remote_commands", { c: remote("c", "2026-11-22T12:02:00Z"), a: null });
  expect(Object.keys(after.remote_commands ?? {})).toEqual(["b", "c"]);
  expect(commandsOf(after.remote_commands, ["lock"]).map(({ command_id }) => command_id)).toEqual(["c", "b"]);
});

test("what is new of a part leaves its other members and the other parts as they were", () => {
  const value = { value: 1, unit: "", car_time: null, received_at: "" };
  const before = { status: { speed: value, range: value }, level: { set: {} } } as never;
  expect(updated(before, "status", { speed: { ...value, value: 2 } })).toEqual({ status: { speed: { ...value, value: 2 }, range: value }, level: { set: {} } });
});

test("in a part that is no list, null is what the platform says", () => {
  expect(updated(undefined, "level", { set: null })).toEqual({ level: { set: null } });
});
