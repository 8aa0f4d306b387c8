import { expect, test } from "vitest";
import { updated } from "../src/kit/live";
import { ordersOf, type Order } from "../src/domains/commands/life";

function order(order_id: string, requested_at: string): Order {
  return { order_id, command: "lock", state: "done", steps: [], requested_at } as unknown as Order;
}

test("an order that made room for a newer one is no longer known, and the others are listed", () => {
  const before = { orders: { a: order("a", "2026-11-22T12:00:00Z"), b: order("b", "2026-11-22T12:01:00Z") } };
  const after = updated(before, "orders", { c: order("c", "2026-11-22T12:02:00Z"), a: null });
  expect(Object.keys(after.orders ?? {})).toEqual(["b", "c"]);
  expect(ordersOf(after.orders, ["lock"]).map(({ order_id }) => order_id)).toEqual(["c", "b"]);
});

test("what is new of a part leaves its other members and the other parts as they were", () => {
  const value = { value: 1, unit: "", car_time: null, received_at: "" };
  const before = { status: { speed: value, range: value }, level: { set: {} } } as never;
  expect(updated(before, "status", { speed: { ...value, value: 2 } })).toEqual({ status: { speed: { ...value, value: 2 }, range: value }, level: { set: {} } });
});

test("in a part that is no list, null is what the platform says", () => {
  expect(updated(undefined, "level", { set: null })).toEqual({ level: { set: null } });
});
