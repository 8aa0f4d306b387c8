import { useSyncExternalStore } from "react";
import { registerSW } from "virtual:pwa-register";
import { keepFetched } from "./onDemand";

let take: (() => Promise<void>) | null = null;
const listeners = new Set<() => void>();

/** Keep the app on the device, and notice when the platform serves a newer one. */
export function watchForUpdates(): void {
  const update = registerSW({
    onNeedRefresh() {
      take = () => update(true);
      listeners.forEach((listener) => listener());
    },
    onRegisteredSW: () => {
      void navigator.serviceWorker.ready
        .then(() => keepFetched(performance.getEntriesByType("resource").map(({ name }) => name)))
        .catch(() => undefined);
    },
  });
}

/** Takes the newer app, when there is one; null otherwise. The person decides: nothing reloads under their thumb. */
export function useUpdate(): (() => Promise<void>) | null {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => take,
  );
}
