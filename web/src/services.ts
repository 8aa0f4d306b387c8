/** The services that this build of the app has a part for: every folder below `services/` with a manifest. */
import { arranged, type WebService } from "./kit/service";

/** Pages below the address of a car that are no service's. */
const OURS = ["phones", "name", "remove", "settings", "history"];

export const services = arranged(Object.values(import.meta.glob<WebService>("./services/*/index.tsx", { eager: true, import: "service" })), OURS);
