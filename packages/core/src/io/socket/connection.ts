import { connect, type Socket } from 'node:net';
import { RuntimeFailure } from '../../domain/diagnosis.ts';
import { DAEMON_ANSWER_MS, MAX_DAEMON_ANSWER_BYTES } from '../../domain/limits.ts';
import { describeSystemError, errorCode } from '../system/system-error.ts';

const LF = 0x0a;

/** The other side did not take the connection, or ended it before it had said anything; to try again does no harm. */
export class NotConnected extends RuntimeFailure {}

/** A client's connection to a daemon: lines out, lines or a known number of bytes in, each within its time. */
export class SocketConnection {
  readonly #socket: Socket;
  readonly #timeoutMs: number;
  readonly #chunks: Buffer[] = [];
  #length = 0;
  #failure: RuntimeFailure | undefined;
  #wake: () => void = () => undefined;

  private constructor(socket: Socket, timeoutMs: number) {
    this.#socket = socket;
    this.#timeoutMs = timeoutMs;
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#length += chunk.length;
      socket.pause();
      this.#wake();
    });
    socket.on('error', (error) => this.#fail(`the connection broke: ${describeSystemError(error)}`));
    socket.on('close', () => this.#fail('the daemon closed the connection before it had answered'));
    socket.on('end', () => this.#fail('the daemon closed the connection before it had answered'));
    socket.pause();
  }

  /**
   * Connects.
   *
   * @param timeoutMs for connecting, and for each wait for an answer
   * @throws NotConnected CAVRA-E520
   */
  static connect(path: string, timeoutMs = DAEMON_ANSWER_MS): Promise<SocketConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ path });
      const refuse = (reason: string, cause?: unknown) => {
        socket.destroy();
        reject(new NotConnected('CAVRA-E520', `cannot connect to ${path}: ${reason}`, { cause }));
      };
      const timer = setTimeout(() => refuse(`nobody answered within ${timeoutMs} ms`), timeoutMs);
      socket.once('error', (error) => {
        clearTimeout(timer);
        refuse(errorCode(error) === 'ECONNREFUSED' ? 'nobody listens' : describeSystemError(error), error);
      });
      socket.once('connect', () => {
        clearTimeout(timer);
        socket.removeAllListeners('error');
        resolve(new SocketConnection(socket, timeoutMs));
      });
    });
  }

  /**
   * Sends text and gives the next line, without its end.
   *
   * @throws RuntimeFailure CAVRA-E523 no answer came, or none that ends
   */
  async ask(text: string): Promise<Buffer> {
    this.#socket.write(text);
    return this.#untilTime(() => this.#line());
  }

  /**
   * Gives exactly `size` bytes in pieces.
   *
   * @throws RuntimeFailure CAVRA-E523
   */
  async *read(size: number): AsyncGenerator<Uint8Array, void, undefined> {
    for (let left = size; left > 0; ) {
      const piece = await this.#untilTime(() => this.#piece(left));
      left -= piece.length;
      yield piece;
    }
  }

  close(): void {
    this.#socket.destroy();
  }

  async #line(): Promise<Buffer> {
    for (;;) {
      if (this.#chunks.some((chunk) => chunk.includes(LF))) {
        const bytes = Buffer.concat(this.#chunks);
        const end = bytes.indexOf(LF);
        this.#keep(bytes.subarray(end + 1));
        return bytes.subarray(0, end);
      }
      if (this.#length > MAX_DAEMON_ANSWER_BYTES) {
        throw new RuntimeFailure('CAVRA-E523', `the answer is longer than ${MAX_DAEMON_ANSWER_BYTES} bytes`);
      }
      await this.#more();
    }
  }

  async #piece(atMost: number): Promise<Buffer> {
    while (this.#length === 0) {
      await this.#more();
    }
    const bytes = Buffer.concat(this.#chunks);
    this.#keep(bytes.subarray(atMost));
    return bytes.subarray(0, atMost);
  }

  #keep(rest: Buffer): void {
    this.#chunks.length = 0;
    this.#length = rest.length;
    if (rest.length > 0) {
      this.#chunks.push(rest);
    }
  }

  async #more(): Promise<void> {
    const before = this.#length;
    const waiting = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#socket.resume();
    if (this.#failure === undefined) {
      await waiting;
    }
    if (this.#length === before) {
      throw this.#failure ?? new NotConnected('CAVRA-E523', 'the daemon did not answer');
    }
  }

  async #untilTime<T>(work: () => Promise<T>): Promise<T> {
    const timer = setTimeout(() => {
      this.#fail(`no answer came within ${this.#timeoutMs} ms`);
      this.#socket.destroy();
    }, this.#timeoutMs);
    try {
      return await work();
    } finally {
      clearTimeout(timer);
    }
  }

  #fail(reason: string): void {
    this.#failure ??= new NotConnected('CAVRA-E523', reason);
    this.#wake();
  }
}
