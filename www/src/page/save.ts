/** Files going out of the page, by the browser's own download. */
import { STORED_FOLDER } from "../protocol";

/** Offers a blob, or a file of the browser's storage (which is streamed, not loaded), under a name. */
export function saveBlob(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The download has its own hold on the data once it has begun.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** A file of the browser's storage (OPFS), where the kernel keeps those it writes. */
export async function storedFile(name: string): Promise<File> {
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle(STORED_FOLDER);
  const handle = await folder.getFileHandle(name);
  return handle.getFile();
}
