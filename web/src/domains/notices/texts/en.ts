export default {
  title: "Notices",
  none: "No notices. What happens to your cars is told here.",
  more: "Earlier notices",
  new: "New",
  toCar: "To the car",
  further_one: "once more within the hour",
  further_other: "{{count}} more within the hour",
};
