import { IconRoute } from "@tabler/icons-react";
import type { WebService } from "../../kit/service";

/** Where and how far the car was driven. */
export const service: WebService = {
  name: "trips",
  declarations: ["trips", "trip_places"],
  order: 30,
  texts: import.meta.glob("./texts/*.ts", { import: "default" }),
  pages: [{ path: "trips", icon: IconRoute, name: "link", what: "linkWhat", page: () => import("./TripsPage") }],
};
