/** What a file has stored for a block, in words. Pure. */
import type { StoredChunk } from "../protocol";
import { product } from "./computation";
import { formatBytes, formatCount, plural } from "./format";

/** The blocks that are told of: all have the shape of the first, and those at the edges are cut off. */
export interface BlockKind {
  block: readonly number[];
  dtype: string;
}

/** What the file has for a block; nothing of one that is not in chunks. */
export function storedFacts(stored: StoredChunk | null | undefined, kind: BlockKind): string[] {
  if (stored == null || stored.chunks + stored.missing === 0) return [];
  const { chunks, missing, mask } = stored;
  if (chunks === 0) return ["not stored: it reads as the fill value"];
  const facts = [`stored in ${formatBytes(stored.bytes)}${ratio(stored, kind)}`];
  if (chunks !== 1 || missing > 0) facts.push(plural(chunks, "chunk of the file", "chunks of the file"));
  if (missing > 0) facts.push(`${formatCount(missing)} more not stored, which read as the fill value`);
  if (mask !== 0) facts.push(`${skipped(mask)} when it was written (filter mask ${mask})`);
  return facts;
}

/** `, 3.1 times less than in memory`, where that is so; what is not stored takes no part in it. */
function ratio(stored: StoredChunk, kind: BlockKind): string {
  const { bytes, missing } = stored;
  const whole = wholeBytes(stored, kind);
  return missing === 0 && bytes > 0 && whole !== null && whole > bytes * 1.005
    ? `, ${(whole / bytes).toFixed(1)} times less than in memory`
    : "";
}

/** What the stored chunks take in memory, with what of them lies beyond the dataset's edge; `null` where it is not known. */
function wholeBytes({ whole, chunks }: StoredChunk, { block, dtype }: BlockKind): number | null {
  const full = product(block) * itemBytes(dtype);
  if (whole === full || chunks === 1) return full;
  return null;
}

function itemBytes(dtype: string): number {
  return dtype === "bool" ? 1 : Number(/\d+$/.exec(dtype)?.[0] ?? 0) / 8;
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
