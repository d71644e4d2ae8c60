/** The HTML of each cell's source, in turn: `www/scripts/rendered-notebooks.ts` makes it when the page is built. */
declare module "*.ipynb?rendered" {
  const rendered: readonly string[];
  export default rendered;
}
