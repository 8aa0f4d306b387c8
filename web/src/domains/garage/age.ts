import type { GarageFacts } from "../../kit/service";
import { oldestAge, type Signals } from "../../kit/signals";

/**
 * Seconds since all was so that a card tells of a car and that changes from one moment to the next; where no service tells such a thing, since
 * any of its values. Null when the car said nothing. `nowMs` is the platform's time.
 */
export function ageOfAll(signals: Signals, parts: readonly Pick<GarageFacts, "saidAt">[], nowMs: number): number | null {
  const instants = parts.flatMap(({ saidAt }) => (saidAt === null ? [] : [saidAt]));
  return instants.length === 0 ? oldestAge(signals, Object.keys(signals), nowMs) : (nowMs - Math.min(...instants)) / 1000;
}
