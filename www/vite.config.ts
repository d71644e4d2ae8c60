import { defineConfig } from "vitest/config";
import { leanPython } from "./scripts/lean-python.ts";
import { renderedNotebooks } from "./scripts/rendered-notebooks.ts";

/** What a page needs to share memory with its workers; see public/isolation.js for hosts without them. */
const isolation = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

export default defineConfig({
  // Relative, so that dist/ works under any path of any host.
  base: "./",
  plugins: [renderedNotebooks(), leanPython()],
  build: {
    outDir: "../dist",
    emptyOutDir: true,
    target: "es2022",
    sourcemap: true,
    // Everything stays a file: inlined `data:` workers and modules would be of another origin.
    assetsInlineLimit: 0,
    // What the page begins with is one file; the parts of src/page/parts.ts share the rest among them.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: "index", tags: ["$initial"] }] } } },
  },
  worker: { format: "es", plugins: () => [leanPython()] },
  server: { headers: isolation },
  preview: { headers: isolation },
  test: {
    include: ["tests/**/*.test.ts"],
    environment: "node",
    passWithNoTests: true,
  },
});
