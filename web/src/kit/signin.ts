/**
 * Which sign-in this browser is in: a random name, kept where every open window sees it. What one window knows of a person ends when another
 * one signs out, or signs somebody else in; the session's cookie itself is out of reach of scripts.
 */
import { freshName } from "./bytes";

const STORED = "om.signed_in";

/** Where the browser keeps nothing: good until the page is closed. */
let unstored = "";

/** The sign-in that counts now; "" while nobody is signed in. */
export function currentSignIn(): string {
  try {
    return localStorage.getItem(STORED) ?? "";
  } catch {
    return unstored;
  }
}

/** Somebody signed in. */
export function beginSignIn(): void {
  keep(freshName());
}

/** Nobody is signed in any more. */
export function endSignIn(): void {
  keep("");
}

function keep(name: string): void {
  unstored = name;
  try {
    if (name === "") {
      localStorage.removeItem(STORED);
    } else {
      localStorage.setItem(STORED, name);
    }
  } catch {
    // A browser that keeps nothing asks again at its next start.
  }
}
