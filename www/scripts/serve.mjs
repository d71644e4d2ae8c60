#!/usr/bin/env node
/**
 * A static file server for dist/, with the two headers that let a page share memory with its
 * workers. No dependencies.
 *
 *     node serve.mjs [FOLDER] [--port N] [--host NAME] [--base /PATH/] [--no-headers]
 *
 * `--no-headers` and `--base` imitate a plain static host, for tests.
 */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize, resolve, sep } from "node:path";
import { pipeline } from "node:stream/promises";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const TYPES = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".ipynb": "application/json; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".map": "application/json; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".png": "image/png",
  ".py": "text/x-python; charset=utf-8",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
  ".woff2": "font/woff2",
};

const ISOLATION = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
};

/**
 * One range of a `Range` header as `[first, last]`; `null` where the whole file should be sent,
 * `"unsatisfiable"` where the range lies outside of it (RFC 9110, 14.1.2 and 14.2).
 */
export function parseRange(header, size) {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  if (!match || (match[1] === "" && match[2] === "")) return null;
  const [first, last] =
    match[1] === ""
      ? [Math.max(0, size - Number(match[2])), size - 1]
      : [Number(match[1]), match[2] === "" ? size - 1 : Math.min(Number(match[2]), size - 1)];
  if (match[1] !== "" && match[2] !== "" && Number(match[2]) < first) return null;
  return first >= size || last < first ? "unsatisfiable" : [first, last];
}

/** The file that a URL names under `root`, or `null`. A folder stands for its index.html. */
async function locate(root, base, url) {
  let path;
  try {
    path = decodeURIComponent(new URL(url, "http://localhost").pathname);
  } catch {
    return null;
  }
  if (!path.startsWith(base) || path.includes("\0")) return null;
  const file = join(root, normalize(`/${path.slice(base.length)}`));
  if (file !== root && !file.startsWith(root + sep)) return null;
  for (const candidate of [file, join(file, "index.html")]) {
    const status = await stat(candidate).catch(() => null);
    if (status?.isFile()) return { path: candidate, size: status.size, modified: status.mtime };
  }
  return null;
}

/**
 * Serves `root` and resolves to `{ url, close }` once it listens. `port` 0 takes a free one.
 */
export async function serve({ root, port = 0, host = "localhost", base = "/", headers = true }) {
  const folder = resolve(root);
  const common = { "Cache-Control": "no-cache", "Accept-Ranges": "bytes", ...(headers ? ISOLATION : {}) };

  async function answer(request, response) {
    const send = (status, fields = {}, text = "") => {
      response.writeHead(status, { ...common, ...fields });
      response.end(text);
    };
    if (request.method !== "GET" && request.method !== "HEAD") {
      return send(405, { Allow: "GET, HEAD" });
    }
    const file = await locate(folder, base, request.url);
    if (!file) return send(404, { "Content-Type": "text/plain" }, "Not found\n");
    const fields = {
      "Content-Type": TYPES[extname(file.path)] ?? "application/octet-stream",
      "Last-Modified": file.modified.toUTCString(),
      ETag: `"${file.size.toString(16)}-${file.modified.getTime().toString(16)}"`,
    };
    if (request.headers["if-none-match"] === fields.ETag) return send(304, fields);
    const range = parseRange(request.headers.range, file.size);
    if (range === "unsatisfiable") return send(416, { "Content-Range": `bytes */${file.size}` });
    const [first, last] = range ?? [0, file.size - 1];
    if (range) fields["Content-Range"] = `bytes ${first}-${last}/${file.size}`;
    fields["Content-Length"] = last - first + 1;
    response.writeHead(range ? 206 : 200, { ...common, ...fields });
    if (request.method === "HEAD" || file.size === 0) return response.end();
    await pipeline(createReadStream(file.path, { start: first, end: last }), response);
  }

  const server = createServer((request, response) => {
    // A reader that goes away in the middle of a file is no error of ours.
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise((done, refuse) => server.once("error", refuse).listen(port, host, done));
  return {
    url: `http://${host}:${server.address().port}${base}`,
    close() {
      server.closeAllConnections();
      return new Promise((done) => server.close(done));
    },
  };
}

if (process.argv[1] && import.meta.url === pathToFileURL(resolve(process.argv[1])).href) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      port: { type: "string", default: "8080" },
      host: { type: "string", default: "localhost" },
      base: { type: "string", default: "/" },
      "no-headers": { type: "boolean", default: false },
    },
  });
  const root = positionals[0] ?? "dist";
  try {
    const { url } = await serve({
      root,
      port: Number(values.port),
      host: values.host,
      base: values.base,
      headers: !values["no-headers"],
    });
    console.log(`Chunkbook is at ${url} (Ctrl+C stops it)`);
  } catch (error) {
    const remedy = error.code === "EADDRINUSE" ? "; choose another with --port N" : "";
    console.error(`Cannot serve ${root} on port ${values.port}: ${error.message}${remedy}`);
    process.exit(1);
  }
}
