export default {
  save: "Save",
  lost: "A change made in the car did not count.",
  by: { owner: "an owner, in the app", car: "somebody in the car", platform: "the platform" },
  newer: {
    title: "It was changed meanwhile",
    what: "By {{by}}. This counts now; what you typed is still below.",
    mine: "Go on with mine",
    take: "Take the newer one",
  },
};
