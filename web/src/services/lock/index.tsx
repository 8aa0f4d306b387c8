import type { WebService } from "../../kit/service";

/** Lock and unlock from afar. */
export const service: WebService = {
  name: "lock",
  declarations: ["lock"],
  order: 10,
  texts: import.meta.glob("./texts/*.ts", { import: "default" }),
  card: () => import("./LockPanel"),
};
