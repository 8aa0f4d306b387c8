import { localStorageColorSchemeManager } from "@mantine/core";

/** The same place that `public/first.js` reads before the first paint. */
export const schemes = localStorageColorSchemeManager({ key: "om.scheme" });
