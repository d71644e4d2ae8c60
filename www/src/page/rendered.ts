/**
 * What the build has rendered of the tutorial: its texts as HTML and its code in colours, so that the first visit shows
 * them before Markdown, its sanitiser and the editor have come. It is of the page's own making, so it needs no sanitising.
 */

import tutorialFile from "../../notebooks/tutorial.ipynb?raw";
import rendered from "../../notebooks/tutorial.ipynb?rendered";
import { parseNotebook } from "./ipynb";
import type { Notebook } from "./notebook";

/** The tutorial as it comes. */
export function tutorial(): Notebook {
  return parseNotebook(tutorialFile, "tutorial.ipynb");
}

const htmlBySource = new Map(tutorial().cells.map(({ source }, index) => [source, rendered[index]]));

/** The HTML of a cell's text or code; `undefined` for what is not, or no longer, the tutorial's. */
export function renderedByBuild(source: string): string | undefined {
  return htmlBySource.get(source);
}
