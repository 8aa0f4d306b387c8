import { createTheme, type MantineColorsTuple } from "@mantine/core";

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

export const theme = createTheme({
  primaryColor: "marque",
  primaryShade: { light: 7, dark: 6 },
  colors: { marque, red },
  defaultRadius: "lg",
  fontFamily: "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif",
  headings: { fontFamily: "inherit", fontWeight: "650", sizes: { h1: { fontSize: "1.6rem", lineHeight: "1.2" } } },
  cursorType: "pointer",
  respectReducedMotion: true,
  autoContrast: true,
  components: {
    Button: { defaultProps: { size: "lg", radius: "xl" } },
    TextInput: { defaultProps: { size: "md" } },
    PasswordInput: { defaultProps: { size: "md" } },
    Select: { defaultProps: { size: "md" } },
    Card: { defaultProps: { radius: "xl", padding: "lg" } },
  },
});
