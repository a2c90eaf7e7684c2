// Mantine's part of the look: fonts only. Colours, sizes and spacing are in styles/tokens.css.
import { createTheme } from "@mantine/core";

export const theme = createTheme({
  fontFamily: "var(--font)",
  fontFamilyMonospace: "var(--font-data)",
  respectReducedMotion: true,
});
