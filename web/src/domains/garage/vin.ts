/** What can be said of a VIN while it is typed. The platform decides (`kit/vin.py` there); this only helps with typing. */

const VALUES: Record<string, number> = {
  A: 1, B: 2, C: 3, D: 4, E: 5, F: 6, G: 7, H: 8, J: 1, K: 2, L: 3, M: 4, N: 5, P: 7, R: 9, S: 2, T: 3, U: 4, V: 5, W: 6, X: 7, Y: 8, Z: 9,
};
const WEIGHTS = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];

/** As it is printed on the car: no blanks, no dashes, capitals. */
export function tidy(typed: string): string {
  return typed.replace(/[\s-]/g, "").toUpperCase();
}

export type Hint = "letters" | "short" | "digit" | null;

/** What is odd about a tidied VIN. The check digit counts where the first character is of North America or China (ISO 3779; 49 CFR 565). */
export function hintOf(vin: string): Hint {
  if (/[IOQ]/.test(vin)) {
    return "letters";
  }
  if (vin.length !== 17) {
    return "short";
  }
  return /^[1-5L]/.test(vin) && vin[8] !== checkDigit(vin) ? "digit" : null;
}

/** The check digit that belongs to a VIN (49 CFR 565.15 (c)). */
export function checkDigit(vin: string): string {
  const sum = Array.from(vin).reduce((total, character, at) => total + (VALUES[character] ?? Number(character)) * (WEIGHTS[at] ?? 0), 0);
  return sum % 11 === 10 ? "X" : String(sum % 11);
}
