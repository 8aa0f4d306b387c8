import { useState } from "react";

/** The token behind ``#`` in a mail's link. It is taken out of the address at once, so that it stays in no history. */
export function useTokenOfLink(): string {
  const [token] = useState(() => {
    const found = window.location.hash.slice(1);
    if (found !== "") {
      window.history.replaceState(window.history.state, "", window.location.pathname + window.location.search);
    }
    return found;
  });
  return token;
}
