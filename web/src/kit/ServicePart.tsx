/** Parts of services are fetched when they are first shown, with the words that they say. */
import { Suspense, useCallback, useEffect, useState, type ComponentType, type LazyExoticComponent, type ReactNode } from "react";
import { Unreachable } from "./api";
import { loadTexts } from "./i18n";
import { Boundary, late } from "./late";
import { ProblemNote } from "./parts";
import type { Fetch, WebService } from "./service";

/** A part of a service, once it is fetched together with the service's words. */
export async function fetchPart<T>(service: WebService, fetch: Fetch<T>): Promise<{ default: T }> {
  const [part] = await Promise.all([fetch(), loadTexts(service.name, service.texts)]);
  return part;
}

type Shown = LazyExoticComponent<ComponentType<object>>;
/** What is on this page already is shown at once the next time. */
const shown = new Map<unknown, Shown>();

function partOf(service: WebService, fetch: Fetch<unknown>): Shown {
  const found = shown.get(fetch) ?? late(() => fetchPart(service, fetch as Fetch<ComponentType<object>>));
  shown.set(fetch, found);
  return found;
}

interface ServicePartProps<P extends object> {
  service: WebService;
  part: Fetch<ComponentType<P>>;
  props: P;
  /** Holds its place meanwhile. */
  waiting: ReactNode;
}

/** Shows a part of a service. Where it does not come, or has a fault, the rest of the page stays, and it can be tried again. */
export function ServicePart<P extends object>({ service, part, props, waiting }: ServicePartProps<P>) {
  const [Part, setPart] = useState(() => partOf(service, part));
  const again = useCallback(() => {
    shown.delete(part);
    setPart(partOf(service, part));
  }, [service, part]);
  return (
    <Boundary of={Part} instead={(error) => <Unshown error={error} onRetry={again} />}>
      <Suspense fallback={waiting}>
        <Part {...props} />
      </Suspense>
    </Boundary>
  );
}

/** Instead of a part. What only did not come is tried again by itself when the network is back. */
function Unshown({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const isAway = error instanceof Unreachable;
  useEffect(() => {
    if (isAway) {
      addEventListener("online", onRetry);
      return () => removeEventListener("online", onRetry);
    }
    return undefined;
  }, [isAway, onRetry]);
  return <ProblemNote error={error} onRetry={onRetry} />;
}

interface Fetched<T> {
  service: WebService;
  part: T;
}

/** What services give of one kind (rows, facts), each with its service; null until it was tried to fetch it. What did not come is tried again when the network is back. */
export function useFetched<T>(services: readonly WebService[], member: (service: WebService) => Fetch<T> | undefined): readonly Fetched<T>[] | null {
  const [found, setFound] = useState<readonly Fetched<T>[] | null>(null);
  const names = services.map((service) => service.name).join();
  useEffect(() => {
    let wanted = true;
    const attempt = async () => {
      const parts = services.flatMap((service) => {
        const part = member(service);
        return part === undefined ? [] : [{ service, part }];
      });
      const tried = await Promise.allSettled(parts.map(async ({ service, part }) => ({ service, part: (await fetchPart(service, part)).default })));
      if (wanted) {
        setFound(tried.flatMap((one) => (one.status === "fulfilled" ? [one.value] : [])));
      }
    };
    void attempt();
    addEventListener("online", attempt);
    return () => {
      wanted = false;
      removeEventListener("online", attempt);
    };
    // The services are those of the build: their names tell whether they are others.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [names]);
  return found;
}
