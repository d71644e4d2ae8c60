/** What Python prints, passed on soon enough to be read and seldom enough to be cheap. */
export class TextStream {
  private readonly decoder = new TextDecoder();
  private pending = "";
  private lastEmitted = 0;

  constructor(
    private readonly emit: (text: string) => void,
    private readonly now: () => number,
  ) {}

  /** Takes text from `print`. */
  write(text: string): void {
    this.pending += text;
    if (text.endsWith("\n")) this.flushIfDue();
  }

  /** Takes bytes from `sys.stdout`, which may end within a character. */
  writeBytes(bytes: Uint8Array): void {
    this.write(this.decoder.decode(bytes, { stream: true }));
  }

  /** Passes on what there is unless something was passed on a moment ago. */
  flushIfDue(): void {
    if (this.pending !== "" && this.now() - this.lastEmitted > 40) this.flush();
  }

  flush(): void {
    if (this.pending === "") return;
    const text = this.pending;
    this.pending = "";
    this.lastEmitted = this.now();
    this.emit(text);
  }
}
