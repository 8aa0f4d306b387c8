import { dehydrate, hydrate, QueryClient, type DehydratedState } from "@tanstack/react-query";
import { Problem } from "./api";
import { currentSignIn } from "./signin";
import { read, remove, write } from "./stored";

const KEPT = "queries";
const KEPT_MS = 30 * 24 * 3600 * 1000;
/** Of what the API answers and of what the app makes of it: one more with each change that a page of before could not show. */
const SHAPE = 4;

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
      // Not of itself with `networkMode: "always"`.
      refetchOnReconnect: true,
    },
    mutations: { networkMode: "always" },
  },
});

/** The sign-in whose person all of this is about. */
let signIn = "";

interface Kept {
  shape: number;
  at: number;
  signIn: string;
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
  if (signIn !== "" && signIn === currentSignIn()) {
    void write("cache", KEPT, { shape: SHAPE, at: Date.now(), signIn, state: known() } satisfies Kept).catch(() => undefined);
  }
}

/** Whether what is kept is about this person, not too old, and of the shape that the pages show: an earlier version of the app kept another. */
export function isUsable(kept: Partial<Kept>, person: string, now: number): boolean {
  return kept.shape === SHAPE && kept.signIn === person && kept.at !== undefined && now - kept.at < KEPT_MS;
}

/** Take up what was last known on this device, and keep it from now on. */
export async function keepQueries(): Promise<void> {
  signIn = currentSignIn();
  const kept = await read<Kept>("cache", KEPT).catch(() => undefined);
  if (kept !== undefined && isUsable(kept, signIn, Date.now())) {
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

/** Forget everything that was known, here and on the device: somebody signed out. */
export async function forgetQueries(): Promise<void> {
  dropQueries();
  await remove("cache", KEPT).catch(() => undefined);
}

/** Forget everything that was known here. What is kept on the device is by now what another window knows of its own person. */
export function dropQueries(): void {
  queries.clear();
  clearTimeout(timer);
  timer = undefined;
  signIn = "";
}

/** Keep on this device what is known from now on: somebody signed in. */
export function keepAnew(): void {
  dropQueries();
  signIn = currentSignIn();
}

/** Forget what is known of a car, but for what a page is just showing: it has left the garage. */
export function forgetCar(vehicleId: string): void {
  queries.removeQueries({ type: "inactive", predicate: ({ queryKey }) => queryKey.includes(vehicleId) });
}
