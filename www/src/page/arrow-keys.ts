/** The step that an arrow key makes over rows and columns; `null` for other keys. */
export function arrowStep(key: string): { rows: number; columns: number } | null {
  const steps: Record<string, { rows: number; columns: number }> = {
    ArrowLeft: { rows: 0, columns: -1 },
    ArrowRight: { rows: 0, columns: 1 },
    ArrowUp: { rows: -1, columns: 0 },
    ArrowDown: { rows: 1, columns: 0 },
  };
  return steps[key] ?? null;
}
