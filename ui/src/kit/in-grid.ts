// Whether something stands in a row of a grid: the grid is one stop of the Tab key, and its rows are walked by arrows and opened by Enter.
import { createContext } from "react";

export const InGrid = createContext(false);
