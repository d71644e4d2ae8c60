/**
 * The service worker behind isolation.js: it gives documents and worker scripts of this site the two
 * headers of cross-origin isolation. Nothing else needs them, so every other request (data, ranges
 * of large files, wasm) goes to the network as if this worker did not exist.
 */
const NEEDS_HEADERS = new Set(["document", "iframe", "frame", "worker", "sharedworker"]);

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const ours = new URL(request.url).origin === self.location.origin;
  if (ours && NEEDS_HEADERS.has(request.destination)) event.respondWith(isolated(request));
});

async function isolated(request) {
  const response = await fetch(request);
  // A redirect is opaque here: the browser follows it and asks again.
  if (response.type === "opaqueredirect" || response.type === "error") return response;
  const headers = new Headers(response.headers);
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Embedder-Policy", "require-corp");
  headers.set("Cross-Origin-Resource-Policy", "same-origin");
  const { status, statusText } = response;
  const bodyless = status === 204 || status === 205 || status === 304;
  return new Response(bodyless ? null : response.body, { status, statusText, headers });
}
