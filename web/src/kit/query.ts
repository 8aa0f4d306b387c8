import { dehydrate, hydrate, QueryClient, type DehydratedState } from "@tanstack/react-query";
import { Problem } from "./api";
import { read, remove, write } from "./stored";

const KEPT = "queries";
const KEPT_MS = 30 * 24 * 3600 * 1000;

/** What the app knows. Old values stay shown, with their age, until better ones come; they never give way to none. */
export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      // Never while the page is open: a timer of 30 days is more than a browser's 31 bits of milliseconds, and fires at once.
      gcTime: Infinity,
      retry: (failures, error) => !(error instanceof Problem && error.status < 500) && failures < 2,
      networkMode: "always",
      refetchOnWindowFocus: true,
    },
    mutations: { networkMode: "always" },
  },
});

interface Kept {
  at: number;
  state: DehydratedState;
}

/**
 * Everything that is known. What was asked for again in vain is still known: the failure is left out, the value is kept, else an app that is
 * opened twice without a network would have nothing to show the second time.
 */
export function known(): DehydratedState {
  const state = dehydrate(queries, { shouldDehydrateQuery: (query) => query.state.data !== undefined, shouldDehydrateMutation: () => false });
  return {
    ...state,
    queries: state.queries.map((query) => ({
      ...query,
      state: { ...query.state, status: "success" as const, error: null, fetchFailureReason: null, fetchFailureCount: 0 },
    })),
  };
}

let timer: ReturnType<typeof setTimeout> | undefined;

function keepSoon(): void {
  timer ??= setTimeout(keepNow, 1000);
}

function keepNow(): void {
  clearTimeout(timer);
  timer = undefined;
  void write("cache", KEPT, { at: Date.now(), state: known() } satisfies Kept).catch(() => undefined);
}

/** Take up what was last known on this device, and keep it from now on. */
export async function keepQueries(): Promise<void> {
  const kept = await read<Kept>("cache", KEPT).catch(() => undefined);
  if (kept !== undefined && Date.now() - kept.at < KEPT_MS) {
    hydrate(queries, kept.state);
  }
  queries.getQueryCache().subscribe(keepSoon);
  // A phone that is put away may never run the page again.
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden" && timer !== undefined) {
      keepNow();
    }
  });
}

/** Forget everything that was known: somebody signed out. */
export async function forgetQueries(): Promise<void> {
  queries.clear();
  clearTimeout(timer);
  timer = undefined;
  await remove("cache", KEPT).catch(() => undefined);
}
