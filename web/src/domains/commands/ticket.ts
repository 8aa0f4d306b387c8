/** The ticket that a link brought: taken out of the address at once, so that it stands in no history, and kept in this page's memory. */
import { useEffect, useState } from "react";
import { readTicket, type Ticket } from "./keys";

let taken: Ticket | null = null;

function take(): Ticket | null {
  // Whoever had to sign in first finds the fragment where the sign-in left it: in the state of this entry of the history.
  const state: unknown = history.state;
  const kept = typeof state === "object" && state !== null && "hash" in state ? String(state.hash) : "";
  for (const fragment of [location.hash, kept]) {
    const found = readTicket(fragment);
    if (found !== null) {
      taken = found;
    }
  }
  if (location.hash !== "" || kept !== "") {
    history.replaceState(null, "", location.pathname + location.search);
  }
  return taken;
}

/** The ticket of the link that led here, also when a second link is opened in the same page; and a function that forgets it. */
export function useTicket(): [Ticket | null, () => void] {
  const [ticket, setTicket] = useState(take);
  useEffect(() => {
    const look = () => setTicket(take());
    addEventListener("hashchange", look);
    return () => removeEventListener("hashchange", look);
  }, []);
  return [
    ticket,
    () => {
      taken = null;
      setTicket(null);
    },
  ];
}
