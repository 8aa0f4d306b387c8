import react from "@vitejs/plugin-react";
import { VitePWA } from "vite-plugin-pwa";
import { defineConfig } from "vite";

/** Where a platform answers while the app is served by `npm run dev`. */
const platform = process.env["OPENMARQUE_URL"] ?? "http://127.0.0.1:8480";

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
        // The map is asked for when a map is shown; it would triple what a first visit costs.
        globIgnores: ["**/map-*", "**/world-*", "**/maplibre-*"],
        navigateFallback: "/index.html",
        navigateFallbackDenylist: [/^\/api\//, /^\/maps\//, /^\/(healthz|readyz|metrics)$/],
        runtimeCaching: [
          {
            urlPattern: ({ url }) => url.origin === self.location.origin && url.pathname.startsWith("/assets/"),
            handler: "CacheFirst",
            options: { cacheName: "map-code", expiration: { maxEntries: 20 } },
          },
        ],
        cleanupOutdatedCaches: true,
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
    rollupOptions: {
      output: {
        entryFileNames: "assets/[name]-[hash].js",
        chunkFileNames: "assets/[name]-[hash].js",
        assetFileNames: "assets/[name]-[hash][extname]",
      },
    },
  },
  worker: { format: "es" },
  server: { proxy: { "/api": platform, "/maps": platform } },
});
