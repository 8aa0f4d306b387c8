/** How an order's life is shown: pure, by what the platform told of it. */
import type { Schemas } from "../../kit/api";

export type Order = Schemas["OrderBody"];
export type State = Order["state"];

/** The way of an order that goes well. `accepted` passes too fast to be worth a row of its own. */
export const WAY = ["sent", "reached", "executing", "done"] as const;

const ENDS: readonly State[] = ["done", "refused", "failed", "expired"];
const UNHAPPY: readonly State[] = ["refused", "failed", "expired"];

export interface Row {
  state: State;
  /** When it came to that; null for what is still to come. */
  at: string | null;
}

export function isOver(order: Order): boolean {
  return ENDS.includes(order.state);
}

export function isUnhappy(order: Order): boolean {
  return UNHAPPY.includes(order.state);
}

/**
 * The rows of an order: what happened, then what is still to come. An order that came to nothing ends with that; a step that the car
 * did not tell (it may say `done` at once) is left out once a later one is known, so that nothing is claimed that nobody said.
 */
export function rows(order: Order): Row[] {
  const happened = new Map(order.steps.map((step) => [step.state, step.at]));
  const told = WAY.filter((state) => happened.has(state)).map((state) => ({ state: state as State, at: happened.get(state) ?? null }));
  if (isUnhappy(order)) {
    return [...told, { state: order.state, at: happened.get(order.state) ?? null }];
  }
  const furthest = Math.max(-1, ...told.map((row) => WAY.indexOf(row.state as (typeof WAY)[number])));
  return [...told, ...WAY.slice(furthest + 1).map((state) => ({ state, at: null }))];
}

/** Orders of these commands, newest first. */
export function ordersOf(orders: Record<string, Order> | undefined, commands: readonly string[]): Order[] {
  return Object.values(orders ?? {})
    .filter((order) => commands.includes(order.command))
    .sort((one, other) => Date.parse(other.requested_at) - Date.parse(one.requested_at));
}

/** The newer of two tellings of the same order: its steps only grow. */
export function newer(known: Order | undefined, told: Order): Order {
  return known !== undefined && known.steps.length > told.steps.length ? known : told;
}
