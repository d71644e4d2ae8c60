/** Bytes that Python prints, passed on as text: soon enough to be read, seldom enough to be cheap. */
export class TextStream {
  private readonly decoder = new TextDecoder();
  private bytes = new Uint8Array(4096);
  private length = 0;
  private lastEmitted = 0;

  constructor(
    private readonly emit: (text: string) => void,
    private readonly now: () => number,
  ) {}

  write(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (this.length === this.bytes.length) this.flush();
      this.bytes[this.length++] = byte;
      if (byte === 10) this.flushIfDue();
    }
  }

  /** Passes on what there is unless something was passed on a moment ago. */
  flushIfDue(): void {
    if (this.length > 0 && this.now() - this.lastEmitted > 40) this.flush();
  }

  /** Passes on everything but the first bytes of an unfinished character. */
  flush(): void {
    if (this.length === 0) return;
    const text = this.decoder.decode(this.bytes.subarray(0, this.length), { stream: true });
    this.length = 0;
    this.lastEmitted = this.now();
    if (text !== "") this.emit(text);
  }
}
