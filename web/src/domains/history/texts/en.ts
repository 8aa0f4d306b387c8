export default {
  none: "Nothing yet. What happens is listed here.",
  noneClosed: "Nothing.",
  closed: "Nothing is recorded now",
  more: "Earlier",
  heard: "Heard of {{at}}",
  keptWhileYours: "Kept as long as the car is yours, then erased.",
  keptDays_one: "Kept for {{count}} day, then erased.",
  keptDays_other: "Kept for {{count}} days, then erased.",
  keptMonths_one: "Kept for {{count}} month, then erased.",
  keptMonths_other: "Kept for {{count}} months, then erased.",
};
