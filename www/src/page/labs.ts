/** The notebook of labs. */
import labsFile from "../../notebooks/labs.ipynb?raw";
import { parseNotebook } from "./ipynb";
import type { Notebook } from "./notebook";

export function labs(): Notebook {
  return parseNotebook(labsFile, "labs.ipynb");
}
