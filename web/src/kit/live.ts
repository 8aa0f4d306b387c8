import { useEffect, useState } from "react";
import { useQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";
import type { Schemas } from "./api";

/** A signal's newest value as event streams tell it: without its age, which changes by itself. */
export interface LiveValue {
  value: string | number | boolean | string[];
  unit: string;
  car_time: string | null;
  received_at: string;
}

/** The state of a car as its event stream tells it; parts that have not come yet are absent. */
export interface CarLive {
  status?: Record<string, LiveValue>;
  level?: Schemas["PrivacyBody"] & { open_services: string[] };
  remote_commands?: Record<string, Schemas["RemoteCommandBody"]>;
  digital_keys?: { items: Schemas["PhoneBody"][] };
  trips?: Record<string, unknown>;
}

export type LiveState = "connecting" | "live" | "lost";

const PARTS = ["status", "level", "remote_commands", "digital_keys", "trips"] as const;
export type Part = (typeof PARTS)[number];
/** Parts that list the newest few by their id: null says that one has made room. Elsewhere null is a value. */
const LISTS: readonly Part[] = ["remote_commands"];

/** What is known of a car after its stream told `news` of a part. */
export function updated(car: CarLive | undefined, part: Part, news: Record<string, unknown>): CarLive {
  const members = Object.entries({ ...car?.[part], ...news });
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
      known.setQueryData<CarLive>(key, JSON.parse((event as MessageEvent<string>).data) as CarLive);
    });
    for (const part of PARTS) {
      source.addEventListener(part, (event) => {
        const news = JSON.parse((event as MessageEvent<string>).data) as Record<string, unknown>;
        known.setQueryData<CarLive>(key, (before) => updated(before, part, news));
      });
    }
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
