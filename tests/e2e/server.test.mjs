/** The static server that `./build.sh serve` and these tests use. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { parseRange, serve } from "../../www/scripts/serve.mjs";

let folder;
let server;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "chunkbook-server-"));
  await mkdir(join(folder, "site"));
  await writeFile(join(folder, "secret.txt"), "not served");
  await writeFile(join(folder, "site", "index.html"), "<p>page</p>");
  await writeFile(join(folder, "site", "engine.wasm"), "0123456789");
  server = await serve({ root: join(folder, "site") });
});
after(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

/** The status of a request whose path is sent as it stands; `fetch` would tidy it first. */
function statusOfRawPath(path) {
  const { hostname, port } = new URL(server.url);
  return new Promise((done, refuse) => {
    request({ hostname, port, path }, (response) => done(response.resume().statusCode))
      .on("error", refuse)
      .end();
  });
}

test("a folder gives its index with the isolation headers", async () => {
  const response = await fetch(server.url);
  assert.equal(await response.text(), "<p>page</p>");
  assert.equal(response.headers.get("cross-origin-opener-policy"), "same-origin");
  assert.equal(response.headers.get("cross-origin-embedder-policy"), "require-corp");
});

test("wasm has the type that streaming compilation asks for", async () => {
  const response = await fetch(`${server.url}engine.wasm`);
  assert.equal(response.headers.get("content-type"), "application/wasm");
  assert.equal(await response.text(), "0123456789");
});

test("a range gives just those bytes", async () => {
  const response = await fetch(`${server.url}engine.wasm`, { headers: { Range: "bytes=2-4" } });
  assert.equal(response.status, 206);
  assert.equal(response.headers.get("content-range"), "bytes 2-4/10");
  assert.equal(await response.text(), "234");
});

test("a range beyond the end is refused with the size", async () => {
  const response = await fetch(`${server.url}engine.wasm`, { headers: { Range: "bytes=10-" } });
  assert.equal(response.status, 416);
  assert.equal(response.headers.get("content-range"), "bytes */10");
});

test("ranges are read as RFC 9110 writes them", () => {
  const cases = [
    ["bytes=0-", [0, 9]],
    ["bytes=-3", [7, 9]],
    ["bytes=-30", [0, 9]],
    ["bytes=8-99", [8, 9]],
    ["bytes=-0", "unsatisfiable"],
    ["bytes=5-4", null],
    ["bytes=0-1,4-5", null],
    ["lines=0-1", null],
    [undefined, null],
  ];
  for (const [header, expected] of cases) assert.deepEqual(parseRange(header, 10), expected, header);
});

test("what has not changed is not sent again", async () => {
  const { headers } = await fetch(server.url);
  const again = await fetch(server.url, { headers: { "If-None-Match": headers.get("etag") } });
  assert.equal(again.status, 304);
});

test("nothing outside the folder is served", async () => {
  for (const path of ["/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "//../secret.txt"]) {
    assert.equal(await statusOfRawPath(path), 404, path);
  }
});

test("without headers it is a plain host, under the path it is given", async () => {
  const plain = await serve({ root: join(folder, "site"), base: "/some/where/", headers: false });
  try {
    const response = await fetch(plain.url);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("cross-origin-embedder-policy"), null);
    assert.equal((await fetch(new URL("/", plain.url))).status, 404);
  } finally {
    await plain.close();
  }
});
