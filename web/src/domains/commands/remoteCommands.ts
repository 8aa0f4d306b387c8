/** Remote commands from this browser: a challenge of the car, the phone's signature, and the way to the platform. */
import { useQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { client, insisted, Problem, told, Unreachable, type Schemas } from "../../kit/api";
import { freshName } from "../../kit/bytes";
import type { CarLive } from "../../kit/live";
import { keyAmong, sign, takeCounter, type Arguments, type DigitalKey } from "./keys";
import { newer, type RemoteCommand } from "./life";

/** A slower answer is given up: a platform that holds a challenge back on purpose would stretch the time in which the command runs. */
const ANSWER_MS = 5_000;
/** A challenge lives five minutes; it is asked for anew before that. */
const RENEW_MS = 240_000;
/** Within how many seconds from the press of the button the car is at it, or never, where the command says nothing else. */
const BEGINS_WITHIN_S = 8;
const LONGEST_MS = 300_000;

/** A challenge, and when it was asked for: by the clock that only goes forward, and by the one that counts sleep. */
export interface Held {
  challenge: string;
  askedMs: number;
  askedAt: number;
}

/** Milliseconds, counted from the car's challenge, until which the car may begin the command: no clock but the phone's own is trusted. */
export function validMs(held: Held, nowMs: number, beginsWithinS = BEGINS_WITHIN_S): number {
  return Math.min(LONGEST_MS, Math.max(0, Math.round(nowMs - held.askedMs)) + beginsWithinS * 1_000);
}

/** Whether a challenge is worth signing: a device that slept finds out by the wall clock, one whose clock was set by the other. */
export function isFresh(held: Held, nowMs: number, nowAt: number): boolean {
  const passed = nowAt - held.askedAt;
  return nowMs - held.askedMs < RENEW_MS && passed >= -1_000 && passed < RENEW_MS;
}

/** Asks the car for a challenge. Throws a `Problem`: car-offline, car-silent, command-refused with reason and cure. */
export async function askChallenge(vehicleId: string): Promise<Held> {
  const askedMs = performance.now();
  const askedAt = Date.now();
  const { challenge } = await told(
    client.POST("/api/v1/vehicles/{vehicle_id}/challenges", {
      params: { path: { vehicle_id: vehicleId } },
      signal: AbortSignal.timeout(ANSWER_MS),
    }),
  );
  return { challenge, askedMs, askedAt };
}

/**
 * The key of this browser that the car knows: undefined while that is being found out, null when there is none, an `Error` when the browser
 * does not say: then nobody is told to add a phone that may be one. Another number of `tries` looks again.
 */
export function useDigitalKey(vehicleId: string, phones: readonly Schemas["PhoneBody"][] | undefined, tries = 0): DigitalKey | null | undefined | Error {
  const [key, setKey] = useState<DigitalKey | null | undefined | Error>(undefined);
  useEffect(() => {
    if (phones === undefined) {
      return;
    }
    let wanted = true;
    keyAmong(vehicleId, phones).then(
      (found) => wanted && setKey(found),
      (error: unknown) => wanted && setKey(error instanceof Error ? error : new Error("no key could be read", { cause: error })),
    );
    return () => {
      wanted = false;
    };
  }, [vehicleId, phones, tries]);
  return key;
}

/** The phones of a car. */
export function usePhones(vehicleId: string, options: { everyMs?: number; enabled?: boolean } = {}) {
  return useQuery({
    queryKey: ["vehicles", vehicleId, "digital-keys"],
    queryFn: () => told(client.GET("/api/v1/vehicles/{vehicle_id}/digital-keys", { params: { path: { vehicle_id: vehicleId } } })),
    refetchInterval: options.everyMs ?? false,
    enabled: options.enabled ?? true,
  });
}

/**
 * A challenge that is ready when the person is: asked for as soon as `wanted`, while they read or type, and renewed before it is too old.
 * What the car or the rules say against it (`refusal`) is known before anybody has typed a code.
 */
export function useChallenge(vehicleId: string, wanted: boolean) {
  const held = useRef<Promise<Held> | null>(null);
  const [refusal, setRefusal] = useState<unknown>(null);
  const [isReady, setReady] = useState(false);
  const ask = useCallback(() => {
    const asked = askChallenge(vehicleId);
    held.current = asked;
    asked.then(
      () => {
        setReady(true);
        setRefusal(null);
      },
      (error: unknown) => {
        if (held.current === asked) {
          held.current = null;
          setRefusal(error);
        }
      },
    );
    return asked;
  }, [vehicleId]);
  useEffect(() => {
    if (!wanted) {
      return;
    }
    void ask().catch(() => undefined);
    const timer = setInterval(() => void ask().catch(() => undefined), RENEW_MS);
    return () => {
      clearInterval(timer);
      held.current = null;
    };
  }, [wanted, ask]);
  /** A challenge that has not been used; each is handed out once. */
  const take = useCallback(async (): Promise<Held> => {
    const ready = held.current;
    held.current = null;
    if (ready !== null) {
      const found = await ready;
      if (isFresh(found, performance.now(), Date.now())) {
        return found;
      }
    }
    const asked = await ask();
    held.current = null;
    return asked;
  }, [ask]);
  const retry = useCallback(() => {
    setRefusal(null);
    setReady(false);
    return ask();
  }, [ask]);
  return { take, refusal, retry, isReady };
}

/** What the car is to do. `args` and `beginsWithinS` are as `GET …/commands` describes them for the command. */
interface Wanted {
  vehicleId: string;
  command: string;
  args?: Arguments;
  beginsWithinS?: number;
  code?: string | undefined;
}

/** Sends what no phone has to sign, or leaves it to a phone of the car to approve it. */
export async function sendCommand({ vehicleId, command, args = {}, code }: Wanted): Promise<RemoteCommand> {
  // Nothing leaves a device without a network: then it is not said that the command may have arrived.
  if (!navigator.onLine) {
    throw new Unreachable();
  }
  return place(vehicleId, freshName(), { command, arguments: args, ...(code === undefined ? {} : { safety_code: code }) });
}

/** Sends a command with this phone's signature. A counter that the platform knows as used is passed over once. */
export async function sendSignedCommand(wanted: Wanted, key: DigitalKey, take: () => Promise<Held>): Promise<RemoteCommand> {
  return counted(wanted, key, take, freshName, (commandId, signed) =>
    place(wanted.vehicleId, commandId, { command: wanted.command, arguments: wanted.args ?? {}, ...signed }),
  );
}

/** Signs a remote command that waits for a phone, with the arguments that it was asked for (`argumentsOf`). */
export async function approve(waiting: RemoteCommand, wanted: Wanted, key: DigitalKey, take: () => Promise<Held>): Promise<RemoteCommand> {
  return counted(wanted, key, take, () => waiting.command_id, (commandId, signed) =>
    insisted((signal) =>
      told(
        client.POST("/api/v1/vehicles/{vehicle_id}/remote-commands/{command_id}/approval", {
          params: { path: { vehicle_id: wanted.vehicleId, command_id: commandId } },
          body: signed,
          signal,
        }),
      ),
    ),
  );
}

/** Shows a remote command that an answer told before the event stream does. */
export function keepCommand(known: QueryClient, vehicleId: string, remote: RemoteCommand): void {
  known.setQueryData<CarLive>(["live", vehicleId], (before) => ({
    ...before,
    remote_commands: { ...before?.remote_commands, [remote.command_id]: newer(before?.remote_commands?.[remote.command_id], remote) },
  }));
}

/** A function that shows the outcome of a remote command of this car. */
export function useKeepCommand(vehicleId: string): (remote: RemoteCommand) => void {
  const known = useQueryClient();
  return useCallback((remote) => keepCommand(known, vehicleId, remote), [known, vehicleId]);
}

type Signed = { payload: string; signature: string; safety_code?: string };

async function counted(
  { vehicleId, command, args = {}, beginsWithinS, code }: Wanted,
  key: DigitalKey,
  take: () => Promise<Held>,
  commandId: () => string,
  send: (commandId: string, signed: Signed) => Promise<RemoteCommand>,
): Promise<RemoteCommand> {
  const held = await take();
  const attempt = async (floor: number) => {
    const id = commandId();
    const counter = await takeCounter(vehicleId, key.keyId, floor);
    const content = { commandId: id, vehicleId, command, args, keyId: key.keyId, counter, challenge: held.challenge };
    const signed = await sign(key, { ...content, validMs: validMs(held, performance.now(), beginsWithinS) });
    return send(id, { ...signed, ...(code === undefined ? {} : { safety_code: code }) });
  };
  try {
    return await attempt(0);
  } catch (error) {
    const last = error instanceof Problem && error.code === "counter-used" ? /\d+/.exec(error.cure) : null;
    if (last === null) {
      throw error;
    }
    return attempt(Number(last[0]));
  }
}

function place(vehicleId: string, commandId: string, body: Schemas["CommandRequestBody"]): Promise<RemoteCommand> {
  return insisted((signal) =>
    told(
      client.POST("/api/v1/vehicles/{vehicle_id}/remote-commands", {
        params: { path: { vehicle_id: vehicleId }, header: { "idempotency-key": commandId } },
        body,
        signal,
      }),
    ),
  );
}
