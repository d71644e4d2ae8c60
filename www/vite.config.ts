import { defineConfig } from "vitest/config";
import { leanPython } from "./scripts/lean-python.ts";

/** What a page needs to share memory with its workers; see public/isolation.js for hosts without them. */
const isolation = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

export default defineConfig({
  // Relative, so that dist/ works under any path of any host.
  base: "./",
  plugins: [leanPython()],
  build: {
    outDir: "../dist",
    emptyOutDir: true,
    target: "es2022",
    sourcemap: true,
    // Everything stays a file: inlined `data:` workers and modules would be of another origin.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1200,
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
