import type { WebService } from "../../kit/service";

/** How the car is, and where. */
export const service: WebService = {
  name: "status",
  declarations: ["status", "car_finder"],
  order: 20,
  texts: import.meta.glob("./texts/*.ts", { import: "default" }),
  action: () => import("./Refresh"),
  card: () => import("./CarMap"),
  signalRows: () => import("./rows"),
  garageFacts: () => import("./facts"),
};
