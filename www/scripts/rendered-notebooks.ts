/** Renders notebooks when the page is built, so that a first visit need not wait for what renders them. */
import { readFileSync } from "node:fs";
import type { Plugin } from "vite";
import { codeToHtml, markdownToHtml } from "../src/page/markdown.ts";

/** Imports of `NAME.ipynb?rendered`: the HTML of each cell's source, in turn. */
export function renderedNotebooks(): Plugin {
  const QUERY = ".ipynb?rendered";
  return {
    name: "rendered-notebooks",
    load(id) {
      if (!id.endsWith(QUERY)) return null;
      const path = id.slice(0, id.indexOf("?"));
      this.addWatchFile(path);
      const { cells } = JSON.parse(readFileSync(path, "utf8")) as {
        cells: { cell_type: string; source: string | string[] }[];
      };
      const rendered = cells.map(({ cell_type, source }) => {
        const text = [source].flat().join("");
        return cell_type === "markdown" ? markdownToHtml(text) : codeToHtml(text);
      });
      return { code: `export default ${JSON.stringify(rendered)};`, moduleType: "js" };
    },
  };
}
