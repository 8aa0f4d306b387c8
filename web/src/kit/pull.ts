import { useEffect, useRef, useState } from "react";

/** Pixels that the finger has to go before letting go counts: a thumb's reach, well beyond a tap that slips. */
export const FAR = 72;
const DRAG = 0.5;
/** Where a finger that goes down moves something else: a map, a sheet over the page, a field. */
const ELSEWHERE = "[role=dialog], .maplibregl-map, input, textarea, select";

/** How far the page is pulled by a finger that began at `fromY` and is at `toY`, 0 to `FAR`; it follows half as fast, as if it were heavy. */
export function pulled(fromY: number, toY: number, scrolled: number): number {
  return scrolled > 0 ? 0 : Math.max(0, Math.min((toY - fromY) * DRAG, FAR));
}

/** Calls `onPull` when the page is pulled down at its top and let go; gives how far it is pulled now. REQ RC-5. */
export function usePull(onPull: () => void): number {
  const [distance, setDistance] = useState(0);
  const act = useRef(onPull);
  useEffect(() => {
    act.current = onPull;
  });
  useEffect(() => {
    let from: number | null = null;
    let far = 0;
    const begin = (event: TouchEvent) => {
      const touch = event.touches.length === 1 ? event.touches[0] : undefined;
      const isElsewhere = event.target instanceof Element && event.target.closest(ELSEWHERE) !== null;
      from = touch === undefined || isElsewhere || window.scrollY > 0 ? null : touch.clientY;
      far = 0;
    };
    const move = (event: TouchEvent) => {
      const touch = event.touches[0];
      if (from !== null && touch !== undefined) {
        far = pulled(from, touch.clientY, window.scrollY);
        setDistance(far);
      }
    };
    const end = (event: TouchEvent) => {
      if (event.type === "touchend" && far >= FAR) {
        act.current();
      }
      from = null;
      far = 0;
      setDistance(0);
    };
    const listening = [["touchstart", begin], ["touchmove", move], ["touchend", end], ["touchcancel", end]] as const;
    listening.forEach(([name, listener]) => addEventListener(name, listener, { passive: true }));
    return () => listening.forEach(([name, listener]) => removeEventListener(name, listener));
  }, []);
  return distance;
}
