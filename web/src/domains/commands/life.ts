/** How a remote command's life is shown: pure, by what the platform told of it. */
import type { Schemas } from "../../kit/api";

export type RemoteCommand = Schemas["RemoteCommandBody"];
export type State = RemoteCommand["state"];

/** The way of a remote command that goes well. `accepted` passes too fast to be worth a row of its own. */
export const WAY = ["sent", "reached", "executing", "done"] as const;

const ENDS: readonly State[] = ["done", "refused", "failed", "expired"];
const UNHAPPY: readonly State[] = ["refused", "failed", "expired"];

export interface Row {
  state: State;
  /** When it came to that; null for what is still to come. */
  at: string | null;
}

export function isOver(remote: RemoteCommand): boolean {
  return ENDS.includes(remote.state);
}

export function isUnhappy(remote: RemoteCommand): boolean {
  return UNHAPPY.includes(remote.state);
}

/**
 * The rows of a remote command: what happened, then what is still to come. A remote command that came to nothing ends with that; a step that the car
 * did not tell (it may say `done` at once) is left out once a later one is known, so that nothing is claimed that nobody said.
 */
export function rows(remote: RemoteCommand): Row[] {
  const happened = new Map(remote.steps.map((step) => [step.state, step.at]));
  const told = WAY.filter((state) => happened.has(state)).map((state) => ({ state: state as State, at: happened.get(state) ?? null }));
  if (isUnhappy(remote)) {
    return [...told, { state: remote.state, at: happened.get(remote.state) ?? null }];
  }
  const furthest = Math.max(-1, ...told.map((row) => WAY.indexOf(row.state as (typeof WAY)[number])));
  return [...told, ...WAY.slice(furthest + 1).map((state) => ({ state, at: null }))];
}

/** Remote commands of these commands, newest first. */
export function commandsOf(remotes: Record<string, RemoteCommand> | undefined, commands: readonly string[]): RemoteCommand[] {
  return Object.values(remotes ?? {})
    .filter((remote) => commands.includes(remote.command))
    .sort((one, other) => Date.parse(other.requested_at) - Date.parse(one.requested_at));
}

/** The newer of two tellings of the same command: its steps only grow. */
export function newer(known: RemoteCommand | undefined, told: RemoteCommand): RemoteCommand {
  return known !== undefined && known.steps.length > told.steps.length ? known : told;
}
