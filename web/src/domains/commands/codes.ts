import type { TFunction } from "i18next";
import { Problem } from "../../kit/api";
import { duration } from "../../kit/format";
import type { Language } from "../../kit/i18n";

/** Problems of the safety code: they are said where it is typed, and the person stays there. */
const OF_THE_CODE = ["wrong-safety-code", "safety-code-locked", "safety-code-not-set", "safety-code-needed"];

export function isOfTheCode(error: unknown): error is Problem {
  return error instanceof Problem && OF_THE_CODE.includes(error.code);
}

/** What is wrong with the code that was typed, in the words of `texts.ts`. */
export function codeWords(error: Problem, t: TFunction<string>, language: Language): string {
  switch (error.code) {
    case "wrong-safety-code":
      return error.triesLeft === null ? t("code.wrong") : t("code.wrong", { count: error.triesLeft });
    case "safety-code-locked":
      return t("code.locked", { wait: duration(Math.max(60, error.retryAfterS ?? 900), language) });
    case "safety-code-not-set":
      return t("code.notSet");
    default:
      return `${error.message} ${error.cure}`.trim();
  }
}
