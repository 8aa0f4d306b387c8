import { expect, test } from "vitest";
import { isOver, newer, commandsOf, rows, type RemoteCommand, type State } from "../src/domains/commands/life";
import { isFresh, validMs } from "../src/domains/commands/remoteCommands";

function remote(states: State[], command = "unlock", requested = 0): RemoteCommand {
  const at = (step: number) => new Date(1_000_000 + requested + step * 1000).toISOString();
  return {
    command_id: `${requested}`.padStart(32, "0"),
    command,
    arguments: {},
    state: states.at(-1) ?? "accepted",
    steps: states.map((state, step) => ({ state, at: at(step) })),
    reason: "",
    message: "",
    cure: "",
    requested_at: at(0),
    expires_at: at(20),
    phone: null,
    cause: "",
  };
}

function shown(states: State[]): string[] {
  return rows(remote(states)).map((row) => (row.at === null ? `(${row.state})` : row.state));
}

test("a remote command that goes well fills its way step by step, and shows what is still to come", () => {
  expect(shown(["accepted"])).toEqual(["(sent)", "(reached)", "(executing)", "(done)"]);
  expect(shown(["accepted", "sent", "reached"])).toEqual(["sent", "reached", "(executing)", "(done)"]);
  expect(shown(["accepted", "sent", "reached", "executing", "done"])).toEqual(["sent", "reached", "executing", "done"]);
});

test("a step that the car never told is not claimed", () => {
  expect(shown(["accepted", "sent", "done"])).toEqual(["sent", "done"]);
});

test("a remote command that came to nothing ends with that, and promises nothing more", () => {
  expect(shown(["refused"])).toEqual(["refused"]);
  expect(shown(["accepted", "sent", "reached", "executing", "failed"])).toEqual(["sent", "reached", "executing", "failed"]);
  expect(shown(["accepted", "sent", "expired"])).toEqual(["sent", "expired"]);
});

test("a true report that comes late stands in place of the expiry", () => {
  expect(shown(["accepted", "sent", "expired", "done"])).toEqual(["sent", "done"]);
});

test("a remote command is over exactly in the states that end it", () => {
  const over = (["awaiting_phone", "accepted", "sent", "reached", "executing", "done", "refused", "failed", "expired"] as const).filter(
    (state) => isOver(remote([state])),
  );
  expect(over).toEqual(["done", "refused", "failed", "expired"]);
});

test("commands of one panel come newest first, and an older telling never takes a step back", () => {
  const told = { a: remote(["sent"], "lock", 1000), b: remote(["sent"], "refresh", 2000), c: remote(["sent"], "unlock", 3000) };
  expect(commandsOf(told, ["lock", "unlock"]).map((one) => one.command)).toEqual(["unlock", "lock"]);
  const further = remote(["accepted", "sent", "reached"]);
  expect(newer(further, remote(["accepted"]))).toBe(further);
});

test("the time of a remote command counts from the question, and ends with the challenge", () => {
  const held = { challenge: "", askedMs: 1_000, askedAt: 50_000 };
  expect(validMs(held, 1_000)).toBe(8_000);
  expect(validMs(held, 3_500.4)).toBe(10_500);
  expect(validMs(held, 900_000)).toBe(300_000);
});

test("a challenge is old when either clock says so, since one of them sleeps with the device", () => {
  const held = { challenge: "", askedMs: 1_000, askedAt: 50_000 };
  expect(isFresh(held, 2_000, 51_000)).toBe(true);
  expect(isFresh(held, 2_000, 50_000 + 240_000)).toBe(false);
  expect(isFresh(held, 241_000, 51_000)).toBe(false);
  expect(isFresh(held, 2_000, 40_000)).toBe(false);
});
