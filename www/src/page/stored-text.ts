/** What a file has stored for a block, in words. Pure. */
import type { StoredChunk } from "../protocol";
import { formatBytes, formatCount, plural } from "./format";

/** What the file has for a block; nothing of one that is not in chunks. */
export function storedFacts(stored: StoredChunk | null | undefined): string[] {
  if (stored == null || stored.chunks + stored.missing === 0) return [];
  const { chunks, missing, mask } = stored;
  if (chunks === 0) return ["not stored: it reads as the fill value"];
  const facts = [`stored in ${formatBytes(stored.bytes)}${ratio(stored)}`];
  if (chunks !== 1 || missing > 0) facts.push(plural(chunks, "chunk of the file", "chunks of the file"));
  if (missing > 0) facts.push(`${formatCount(missing)} more not stored, which read as the fill value`);
  if (mask !== 0) facts.push(`${skipped(mask)} when it was written (filter mask ${mask})`);
  return facts;
}

/** Where a block's elements lie in what is read, as Python slices it: `elements [0:500, 500:1000]`. */
export function elementsText({ elements }: StoredChunk): string {
  if (elements.length === 0) return "the only element";
  return `elements [${elements.map(([first, end]) => `${first}:${end}`).join(", ")}]`;
}

/** `, 3.1 times less than in memory`, where that is so. */
function ratio({ bytes, unpacked }: StoredChunk): string {
  return bytes > 0 && unpacked > bytes * 1.005
    ? `, ${(unpacked / bytes).toFixed(1)} times less than in memory`
    : "";
}

/** The filters that a mask has a bit for, counted as they come in the pipeline. */
function skipped(mask: number): string {
  const filters = Array.from({ length: 32 }, (_, filter) => filter).filter(
    (filter) => (mask & (1 << filter)) !== 0,
  );
  const names = filters.map((filter) => ORDINALS[filter] ?? `${filter + 1}th`);
  return `its ${names.join(" and ")} filter${names.length === 1 ? " was" : "s were"} skipped`;
}

const ORDINALS = ["first", "second", "third"] as const;
