import react from "@vitejs/plugin-react";
import { VitePWA } from "vite-plugin-pwa";
import { defineConfig } from "vite";
import { ON_DEMAND } from "./src/kit/onDemand";

/** Where a platform answers while the app is served by `npm run dev`. */
const platform = process.env["OPENMARQUE_URL"] ?? "http://127.0.0.1:8480";

const SERVICE = /\/src\/services\/([^/]+)\//;

/** Where a chunk goes: what a service brings lies in a folder of its name, so that it is told apart from what every car needs. */
function chunkName({ facadeModuleId }: { facadeModuleId?: string | null }): string {
  const service = SERVICE.exec(facadeModuleId ?? "")?.[1];
  return service === undefined ? "assets/[name]-[hash].js" : `assets/services/${service}/[name]-[hash].js`;
}

export default defineConfig({
  plugins: [
    react(),
    VitePWA({
      // The manifests (one a language) and icons stand in public/; the registration is our own, since no inline script is allowed.
      manifest: false,
      injectRegister: null,
      registerType: "prompt",
      workbox: {
        globPatterns: ["**/*.{html,js,css,svg,png,webmanifest,woff2}"],
        // What a service brings is asked for when a car with that service is shown, and kept from then on: the map alone weighs three times the rest.
        globIgnores: ["assets/services/**", "**/map-*", "**/maplibre-*"],
        navigateFallback: "/index.html",
        navigateFallbackDenylist: [/^\/api\//, /^\/maps\//, /^\/(healthz|readyz|metrics)$/],
        runtimeCaching: [
          {
            urlPattern: ({ url }) => url.origin === self.location.origin && url.pathname.startsWith("/assets/"),
            handler: "CacheFirst",
            options: { cacheName: ON_DEMAND, expiration: { maxEntries: 300 } },
          },
        ],
        cleanupOutdatedCaches: true,
        // The first visit is the service worker's too, so that what is asked for on demand is kept from the beginning.
        clientsClaim: true,
        inlineWorkboxRuntime: true,
      },
    }),
  ],
  build: {
    outDir: "../src/openmarque/api/static",
    emptyOutDir: true,
    manifest: true,
    // Style stays in files: the content policy has no place for style elements or data: sheets.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        entryFileNames: "assets/[name]-[hash].js",
        chunkFileNames: chunkName,
        assetFileNames: "assets/[name]-[hash][extname]",
        // One file for the icons: each alone would be a request of 200 bytes.
        codeSplitting: { groups: [{ name: "icons", test: /@tabler\/icons-react/ }] },
      },
    },
  },
  worker: { format: "es" },
  server: { proxy: { "/api": platform, "/maps": platform } },
});
