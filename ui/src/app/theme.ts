// Mantine's part of the look: only behaviour defaults. Colours, sizes and spacing are in styles/tokens.css.
import { createTheme, Menu, Modal, Popover, Tooltip } from "@mantine/core";

export const theme = createTheme({
  fontFamily: "var(--font)",
  fontFamilyMonospace: "var(--font-data)",
  respectReducedMotion: true,
  components: {
    Tooltip: Tooltip.extend({ defaultProps: { openDelay: 250, withArrow: false, multiline: true, maw: 360 } }),
    Menu: Menu.extend({ defaultProps: { shadow: "md", transitionProps: { duration: 80 } } }),
    Popover: Popover.extend({ defaultProps: { shadow: "md", transitionProps: { duration: 80 } } }),
    // Locking the page's scroll adds a style element at run time; the frame never scrolls as a whole.
    Modal: Modal.extend({ defaultProps: { lockScroll: false, transitionProps: { duration: 100 }, yOffset: "12vh" } }),
  },
});
