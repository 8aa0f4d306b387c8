import { createTheme, type MantineColorsTuple } from "@mantine/core";
import { PlainButton } from "./PlainButton";

/** A deep, calm blue-green; its 7th shade on white and its 4th on the dark ground both pass WCAG 2.2 AA for text. */
const marque: MantineColorsTuple = [
  "#e6f7f6",
  "#d3ecea",
  "#a8d9d5",
  "#79c5bf",
  "#52b4ac",
  "#3aa9a0",
  "#127a73",
  "#0f6e67",
  "#0a5b55",
  "#044742",
];

/** The component library's red with its filled shades dark enough for white words. */
const red: MantineColorsTuple = ["#fff5f5", "#ffe3e3", "#ffc9c9", "#ffa8a8", "#ff8787", "#ff6b6b", "#d02b2b", "#c22525", "#b32020", "#9c1b1b"];

/** The dark ground's own greys, bluish as the ground is; the seventh is what cards, fields and plain buttons lie on. */
const dark: MantineColorsTuple = ["#dde2ea", "#c0c7d2", "#8f98a7", "#6f798a", "#465063", "#2c3443", "#161b25", "#11151d", "#0c0f16", "#080a0f"];

export const theme = createTheme({
  primaryColor: "marque",
  primaryShade: { light: 7, dark: 6 },
  colors: { marque, red, dark },
  defaultRadius: "lg",
  fontFamily: "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif",
  headings: { fontFamily: "inherit", fontWeight: "650", sizes: { h1: { fontSize: "1.6rem", lineHeight: "1.2" } } },
  cursorType: "pointer",
  respectReducedMotion: true,
  autoContrast: true,
  components: {
    Button: { defaultProps: { size: "lg", radius: "xl" } },
    UnstyledButton: { defaultProps: { component: PlainButton } },
    // Nothing that the app asks for may be left out: a star at each field would say nothing.
    TextInput: { defaultProps: { size: "md", withAsterisk: false } },
    PasswordInput: { defaultProps: { size: "md", withAsterisk: false } },
    Select: { defaultProps: { size: "md" } },
    Card: { defaultProps: { radius: "xl", padding: "lg" } },
  },
});
