/**
 * Makes the page cross-origin isolated on hosts that send no headers for it, so that it can share
 * memory with its threads. A classic script, first in index.html's <head>:
 *
 *     <script src="./isolation.js"></script>
 *
 * It leaves `window.isolation`, a promise of `{ isolated, reason }`: `reason` is one sentence for a
 * person where isolation cannot be had, else null. While the page is about to reload with the
 * headers in place, the promise stays pending: await it before starting anything expensive.
 */
(() => {
  // Set before the one reload and removed when it has helped, so that a page never reloads twice.
  const GUARD = "chunkbook-isolation-reloaded";
  const PATIENCE_MS = 15000;

  const without = (why) => ({
    isolated: false,
    reason: `This page computes on one thread, because ${why}.`,
  });

  /** Resolves once a worker of ours is ready to answer the next load of this page. */
  async function install() {
    const url = new URL("isolation-worker.js", document.baseURI);
    const registration = await navigator.serviceWorker.register(url);
    const worker = registration?.active ?? registration?.waiting ?? registration?.installing;
    if (!worker) throw new Error("the browser refused it");
    await new Promise((done, refuse) => {
      const look = () => {
        if (worker.state === "activated") done();
        if (worker.state === "redundant") refuse(new Error("it could not be installed"));
      };
      worker.addEventListener("statechange", look);
      look();
    });
  }

  async function isolate() {
    if (window.crossOriginIsolated) {
      try {
        sessionStorage.removeItem(GUARD);
      } catch {
        // No storage, so nothing to remove.
      }
      return { isolated: true, reason: null };
    }
    if (!window.isSecureContext) {
      return without("the browser shares memory between threads only over https and on localhost");
    }
    if (!("serviceWorker" in navigator)) {
      return without("its host sends no isolation headers and this browser offers no service workers");
    }
    try {
      if (sessionStorage.getItem(GUARD)) {
        return without(
          "its host sends no isolation headers and the browser did not take them from a service worker",
        );
      }
      let timer;
      const late = new Promise((_, refuse) => {
        timer = setTimeout(() => refuse(new Error("it did not start in time")), PATIENCE_MS);
      });
      await Promise.race([install(), late]);
      clearTimeout(timer);
      sessionStorage.setItem(GUARD, "yes");
    } catch (error) {
      return without(
        `its host sends no isolation headers and a service worker could not supply them (${error.message})`,
      );
    }
    window.location.reload();
    return new Promise(() => {});
  }

  window.isolation = isolate();
})();
