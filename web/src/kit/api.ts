import createClient from "openapi-fetch";
import type { paths, Schemas } from "../api";
import { currentSignIn } from "./signin";

export type { Schemas } from "../api";

/** A refusal of the API as RFC 9457 problem details: what went wrong and what the person can do about it. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly cure: string;
  readonly members: ReadonlyArray<{ name: string; problem: string }>;
  readonly retryAfterS: number | null;
  /** How often a code may still be tried before it is locked. */
  readonly triesLeft: number | null;
  /** Everything that the answer held. */
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(status: number, body: Partial<Schemas["Problem"]> & Record<string, unknown>, retryAfter: string | null) {
    super([body["title"], body["detail"]].filter((text) => typeof text === "string" && text !== "").join(" "));
    this.name = "Problem";
    this.status = status;
    this.facts = body;
    this.code = typeof body["code"] === "string" ? body["code"] : "unknown";
    this.cure = typeof body["cure"] === "string" ? body["cure"] : "";
    const errors = body["errors"];
    this.members = Array.isArray(errors) ? (errors as Array<{ name: string; problem: string }>) : [];
    this.retryAfterS = retryAfter !== null && /^\d+$/.test(retryAfter) ? Number(retryAfter) : null;
    this.triesLeft = typeof body["tries_left"] === "number" ? body["tries_left"] : null;
  }
}

/** Nothing stands at the address that was asked for, or nothing that this person may see. */
export function isNotFound(error: unknown): boolean {
  return error instanceof Problem && error.status === 404;
}

/** The platform could not be reached at all: no network, or the platform is away. */
export class Unreachable extends Error {
  constructor(options?: ErrorOptions) {
    super("unreachable", options);
    this.name = "Unreachable";
  }
}

/** Something was asked of the platform that it does, if at all, once; no answer came. */
export class Unanswered extends Error {
  constructor(options?: ErrorOptions) {
    super("unanswered", options);
    this.name = "Unanswered";
  }
}

const ANSWER_MS = 5_000;
const TRIES = 3;
const PAUSE_MS = 500;

/**
 * The answer to a request that may be sent again, for it is the same one then (its name, or what it names, is the same). On a network that
 * loses answers the next one tells the outcome of the first. Throws `Unanswered` when none came at all.
 */
export async function insisted<T>(send: (signal: AbortSignal) => Promise<T>): Promise<T> {
  for (let left = TRIES; ; left -= 1) {
    try {
      return await send(AbortSignal.timeout(ANSWER_MS));
    } catch (error) {
      if (!(error instanceof Unreachable)) {
        throw error;
      }
      if (left === 1) {
        throw new Unanswered({ cause: error });
      }
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

const listeners = new Set<() => void>();

/** Calls `listener` whenever an answer says that nobody is signed in any more. Gives the function that ends it. */
export function onSignedOut(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const client = createClient<paths>({
  baseUrl: typeof location === "undefined" ? "http://localhost" : location.origin,
  credentials: "same-origin",
  headers: { Accept: "application/json" },
  // Looked up at each call, so that a test can stand in for it.
  fetch: async (request: Request) => {
    request.headers.set("Accept-Language", document.documentElement.lang || "en");
    try {
      return await fetch(request);
    } catch {
      throw new Unreachable();
    }
  },
});

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The data of a call, or a thrown `Problem`. */
export async function told<T>(call: Promise<Answer<T>>): Promise<T> {
  const asked = currentSignIn();
  const { data, error, response } = await call;
  if (response.ok) {
    return data as T;
  }
  const body = typeof error === "object" && error !== null ? (error as Record<string, unknown>) : {};
  const problem = new Problem(response.status, body, response.headers.get("Retry-After"));
  // An answer that was long under way may be about a session that somebody has replaced meanwhile.
  if (response.status === 401 && problem.code === "not-signed-in" && asked === currentSignIn()) {
    listeners.forEach((listener) => listener());
  }
  throw problem;
}
