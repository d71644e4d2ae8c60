/** The Python that only those cells wait for that name it, by path: `www/python/later`. */
export const laterPython: Record<string, string> = import.meta.glob<string>("../../python/later/**/*.py", {
  query: "?raw",
  import: "default",
  eager: true,
});
