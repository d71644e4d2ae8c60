import address from "../../reader/reader.wasm?url";

/**
 * The module by which the reader workers reduce what they read: `www/reader`. `null` where it cannot be had: they read
 * the same without it.
 */
export async function fetchReadersModule(): Promise<WebAssembly.Module | null> {
  try {
    const response = await fetch(address);
    return response.ok ? await WebAssembly.compile(await response.arrayBuffer()) : null;
  } catch {
    return null;
  }
}
