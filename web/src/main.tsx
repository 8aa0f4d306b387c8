import "@mantine/core/styles.css";
import "./kit/styles.css";
import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app";
import { Unreachable } from "./kit/api";
import { startTexts } from "./kit/i18n";
import { keepQueries, queries } from "./kit/query";
import { schemes } from "./kit/scheme";
import { ServicesProvider } from "./kit/service";
import { SessionProvider } from "./kit/session";
import { theme } from "./kit/theme";
import { watchForUpdates } from "./kit/updates";
import { services } from "./services";

/** The nonce of this page's content policy: the platform writes it into the page. */
function styleNonce(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="style-nonce"]')?.content ?? "";
}

const WORDS = import.meta.glob("./words/*.ts", { import: "default" });
const AGAIN_MS = 2_000;

/** Without words there is nothing to show: they are asked for until they come. */
async function startWords(): Promise<void> {
  for (;;) {
    try {
      return await startTexts(WORDS);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}

async function start(): Promise<void> {
  await Promise.all([startWords(), keepQueries()]);
  const root = document.getElementById("root");
  if (root === null) {
    throw new Error("index.html has no #root");
  }
  // What a boundary caught is told to whoever debugs, unless it is only that the network was away.
  createRoot(root, { onCaughtError: (error) => error instanceof Unreachable || reportError(error) }).render(
    <StrictMode>
      <MantineProvider theme={theme} defaultColorScheme="auto" colorSchemeManager={schemes} getStyleNonce={styleNonce}>
        <QueryClientProvider client={queries}>
          <SessionProvider>
            <ServicesProvider value={services}>
              <App />
            </ServicesProvider>
          </SessionProvider>
        </QueryClientProvider>
      </MantineProvider>
    </StrictMode>,
  );
  watchForUpdates();
}

void start();
