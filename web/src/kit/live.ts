import { useEffect, useState } from "react";
import { useQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";
import type { Schemas } from "./api";
import type { Signals } from "./signals";

/** The state of a car as its event stream tells it, by part; parts that have not come yet are absent. A service's own parts are for that service. */
export interface CarLive extends Partial<Record<string, unknown>> {
  /** The newest values. */
  status?: Signals;
  level?: Schemas["PrivacyBody"] & { open_services: string[] };
  remote_commands?: Record<string, Schemas["RemoteCommandBody"]>;
  digital_keys?: { items: Schemas["PhoneBody"][] };
}

export type LiveState = "connecting" | "live" | "lost";

/** Parts that list the newest few by their id: null says that one has made room. Elsewhere null is a value. */
const LISTS: readonly string[] = ["remote_commands"];

/** What is known of a car after its stream told `news` of a part. */
export function updated(car: CarLive | undefined, part: string, news: Record<string, unknown>): CarLive {
  const members = Object.entries({ ...(car?.[part] as Record<string, unknown> | undefined), ...news });
  return { ...car, [part]: Object.fromEntries(LISTS.includes(part) ? members.filter(([, value]) => value !== null) : members) };
}

const AGAIN_MS = 4_000;

interface Stream {
  watchers: Set<(state: LiveState) => void>;
  state: LiveState;
  close: () => void;
}

const streams = new Map<string, Stream>();

/** One stream a car, however many parts of a page watch it: the platform allows ten at a time, browsers fewer. */
function watch(known: QueryClient, vehicleId: string, tell: (state: LiveState) => void): () => void {
  const stream = streams.get(vehicleId) ?? open(known, vehicleId);
  stream.watchers.add(tell);
  tell(stream.state);
  return () => {
    stream.watchers.delete(tell);
    if (stream.watchers.size === 0) {
      stream.close();
      streams.delete(vehicleId);
    }
  };
}

function open(known: QueryClient, vehicleId: string): Stream {
  const key = ["live", vehicleId];
  let source: EventSource | null = null;
  let again: ReturnType<typeof setTimeout> | undefined;
  const stream: Stream = {
    watchers: new Set(),
    state: "connecting",
    close: () => {
      source?.close();
      clearTimeout(again);
    },
  };
  const become = (state: LiveState) => {
    stream.state = state;
    stream.watchers.forEach((tell) => tell(state));
  };
  /** Connect in a while. Meanwhile a question to the platform says whether the car is still ours and the session still goes on. */
  const askAgain = (isKnown = false) => {
    again = setTimeout(connect, AGAIN_MS);
    if (!isKnown) {
      void known.invalidateQueries({ queryKey: ["vehicles", vehicleId, "detail"] });
    }
  };
  const connect = () => {
    const followed = new Set<string>();
    /** Changes of a part come as events of its name: the snapshot says which parts there are. */
    const follow = (part: string) => {
      if (followed.has(part)) {
        return;
      }
      followed.add(part);
      source?.addEventListener(part, (event) => {
        const news = JSON.parse((event as MessageEvent<string>).data) as Record<string, unknown>;
        known.setQueryData<CarLive>(key, (before) => updated(before, part, news));
      });
    };
    source = new EventSource(`/api/v1/vehicles/${vehicleId}/events`);
    source.addEventListener("open", () => become("live"));
    source.addEventListener("error", () => {
      become("lost");
      if (source?.readyState === EventSource.CLOSED) {
        // The browser gave up: a refusal, or the platform was away.
        askAgain();
      }
    });
    source.addEventListener("snapshot", (event) => {
      become("live");
      const car = JSON.parse((event as MessageEvent<string>).data) as CarLive;
      known.setQueryData<CarLive>(key, car);
      Object.keys(car).forEach(follow);
    });
    source.addEventListener("end", (event) => {
      const { code } = JSON.parse((event as MessageEvent<string>).data) as { code: string };
      source?.close();
      become("lost");
      askAgain(code === "shutdown" || code === "broker-down");
    });
  };
  connect();
  streams.set(vehicleId, stream);
  return stream;
}

/**
 * What is known of a car, kept up by its event stream while a page shows it, and kept on the device for when there is no network.
 * The browser reconnects by itself and names the last event it has, so that nothing is told twice and nothing is missed.
 */
export function useCarLive(vehicleId: string): { car: CarLive; state: LiveState } {
  const known = useQueryClient();
  const key = ["live", vehicleId];
  const { data } = useQuery<CarLive>({ queryKey: key, queryFn: () => known.getQueryData<CarLive>(key) ?? {}, staleTime: Infinity });
  const [state, setState] = useState<LiveState>("connecting");
  useEffect(() => watch(known, vehicleId, setState), [known, vehicleId]);
  return { car: data ?? {}, state };
}

/** The present instant, renewed every `everyMs`, for ages that grow by themselves. */
export function useNow(everyMs = 1000): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

/** Whether the device says that it has a network. */
export function useOnline(): boolean {
  const [online, setOnline] = useState(() => navigator.onLine);
  useEffect(() => {
    const tell = () => setOnline(navigator.onLine);
    addEventListener("online", tell);
    addEventListener("offline", tell);
    return () => {
      removeEventListener("online", tell);
      removeEventListener("offline", tell);
    };
  }, []);
  return online;
}
