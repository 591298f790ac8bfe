import { createServer, type Server, type Socket } from 'node:net';
import { DAEMON_LONG_LINE_BYTES, DAEMON_LONG_LINES, DAEMON_SEND_MS } from '../../domain/limits.ts';
import { Turns } from './turns.ts';

/** A server of lines over a Unix socket or named pipe: bounded in connections, in bytes and in time (weakness row 30). */

/** Why a connection ended without having been answered. */
export type ConnectionEnd = 'nothing_sent' | 'incomplete' | 'too_slow' | 'too_long' | 'too_many' | 'reset' | 'stalled';

/** What became of one line. */
export interface Reply {
  /** Sends bytes; rejects when the client does not take them. */
  send(bytes: Uint8Array): Promise<void>;
}

export interface LineServerOptions {
  readonly path: string;
  readonly maxConnections: number;
  /** Bytes of one line, without its end. */
  readonly maxLineBytes: number;
  /** Lines of one connection. */
  readonly maxLines: number;
  /** For sending one line, and for taking each piece of an answer; DAEMON_SEND_MS unless given. */
  readonly sendMs?: number;
  /**
   * Answers one line. Never rejects.
   *
   * @param line without its end; valid beyond the call
   * @returns whether the client may send another
   */
  readonly answer: (line: Buffer, reply: Reply) => Promise<'more' | 'done'>;
  /** What is sent to a client before its connection is closed for the given reason; empty: nothing. */
  readonly farewell: (end: ConnectionEnd) => Uint8Array;
  readonly ended: (end: ConnectionEnd) => void;
}

const LF = 0x0a;

export class LineServer {
  readonly #options: LineServerOptions;
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  /** Turned away, and gone in a moment. They do not count, or they could keep everybody else out. */
  readonly #refused = new Set<Connection>();
  readonly #longLines = new Turns(DAEMON_LONG_LINES);
  #closing = false;

  private constructor(options: LineServerOptions) {
    this.#options = options;
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  /**
   * Listens.
   *
   * @param bound called once the socket is there and before anybody is answered; what it throws ends the listening
   * @throws the system's error
   */
  static async listen(options: LineServerOptions, bound: () => Promise<void>): Promise<LineServer> {
    const server = new LineServer(options);
    await new Promise<void>((resolve, reject) => {
      server.#server.once('error', reject);
      server.#server.listen({ path: options.path }, () => {
        server.#server.off('error', reject);
        resolve();
      });
    });
    // Afterwards only accepting can fail, for want of file descriptors: the client sees it, and the next one may be lucky.
    server.#server.on('error', () => undefined);
    try {
      await bound();
      return server;
    } catch (error) {
      await server.close(0);
      throw error;
    }
  }

  /** Connections open now. */
  get connections(): number {
    return this.#connections.size;
  }

  /**
   * Accepts nobody any more, lets those finish who have begun a line, and closes the rest.
   *
   * @param drainMs after which nobody is waited for
   */
  async close(drainMs: number): Promise<void> {
    this.#closing = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const connection of this.#connections) {
      connection.drain();
    }
    const timer = setTimeout(() => {
      for (const connection of [...this.#connections, ...this.#refused]) {
        connection.destroy();
      }
    }, drainMs);
    await closed;
    clearTimeout(timer);
  }

  #accept(socket: Socket): void {
    const set = this.#connections.size < this.#options.maxConnections ? this.#connections : this.#refused;
    const connection = new Connection(socket, this.#options, this.#longLines, () => set.delete(connection));
    set.add(connection);
    if (this.#closing) {
      connection.drain();
    } else if (set === this.#refused) {
      connection.refuse('too_many');
    }
  }
}

class Connection {
  readonly #socket: Socket;
  readonly #options: LineServerOptions;
  readonly #forget: () => void;
  readonly #longLines: Turns;
  readonly #chunks: Buffer[] = [];
  #length = 0;
  #lines = 0;
  #answering = false;
  #draining = false;
  #ended = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(socket: Socket, options: LineServerOptions, longLines: Turns, forget: () => void) {
    this.#socket = socket;
    this.#options = options;
    this.#longLines = longLines;
    this.#forget = forget;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('end', () => this.#halfClosed());
    socket.on('error', () => this.#fail('reset'));
    socket.on('close', () => {
      clearTimeout(this.#timer);
      this.#forget();
    });
    this.#waitForLine();
  }

  /** Ends now when nothing was begun, else after the answer. */
  drain(): void {
    this.#draining = true;
    if (!this.#answering && this.#length === 0) {
      this.destroy();
    }
  }

  destroy(): void {
    this.#ended = true;
    this.#socket.destroy();
  }

  refuse(end: ConnectionEnd): void {
    if (this.#ended) {
      return;
    }
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#options.ended(end);
    const farewell = this.#options.farewell(end);
    if (farewell.length === 0) {
      this.#socket.destroy();
      return;
    }
    // The client may still be sending: what it sends is dropped for a short while, because to close on it would take the farewell away.
    this.#chunks.length = 0;
    this.#socket.end(farewell);
    this.#socket.resume();
    setTimeout(() => this.#socket.destroy(), FAREWELL_MS).unref();
  }

  #waitForLine(): void {
    clearTimeout(this.#timer);
    const lines = this.#lines;
    this.#timer = setTimeout(() => {
      // What came in time, and was only not read yet by a process that was busy, is read before this.
      setImmediate(() => {
        if (this.#lines === lines) {
          this.refuse('too_slow');
        }
      });
    }, this.#options.sendMs ?? DAEMON_SEND_MS);
  }

  #take(chunk: Buffer): void {
    if (this.#ended) {
      return;
    }
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    if (this.#answering) {
      // Sent ahead of the answer: it waits, and no more is read than one line may have.
      this.#socket.pause();
      return;
    }
    if (chunk.includes(LF)) {
      this.#answerLine();
    } else if (this.#length > this.#options.maxLineBytes) {
      this.refuse('too_long');
    }
  }

  #answerLine(): void {
    const bytes = Buffer.concat(this.#chunks);
    const end = bytes.indexOf(LF);
    this.#chunks.length = 0;
    this.#length = 0;
    if (end > this.#options.maxLineBytes) {
      this.refuse('too_long');
      return;
    }
    const rest = bytes.subarray(end + 1);
    if (rest.length > 0) {
      this.#chunks.push(rest);
      this.#length = rest.length;
    }
    clearTimeout(this.#timer);
    this.#answering = true;
    this.#lines += 1;
    void this.#answerInTurn(bytes.subarray(0, end)).then((next) => this.#answered(next));
  }

  /** A line that is long costs many times its length while it is worked on, so few of them are at the same time. */
  async #answerInTurn(line: Buffer): Promise<'more' | 'done'> {
    const done = line.length > DAEMON_LONG_LINE_BYTES ? await this.#longLines.take() : () => undefined;
    try {
      if (this.#ended) {
        return 'done';
      }
      // The work is done when its answer is sent; a client that does not take it keeps nobody waiting.
      const send = (sent: Uint8Array) => {
        done();
        return this.#send(sent);
      };
      return await this.#options.answer(line, { send });
    } finally {
      done();
    }
  }

  #answered(next: 'more' | 'done'): void {
    this.#answering = false;
    if (this.#ended || this.#socket.destroyed) {
      return;
    }
    const over = next === 'done' || this.#lines >= this.#options.maxLines;
    if (!over && this.#chunks.some((chunk) => chunk.includes(LF))) {
      this.#answerLine();
    } else if (over || this.#draining || this.#socket.readableEnded) {
      this.#sayGoodbye();
    } else if (this.#length > this.#options.maxLineBytes) {
      this.refuse('too_long');
    } else {
      this.#waitForLine();
      this.#socket.resume();
    }
  }

  #sayGoodbye(): void {
    this.#ended = true;
    this.#socket.end();
    // What the client still sends is dropped; a client that does not close is not waited for.
    this.#socket.resume();
    this.#timer = setTimeout(() => this.#socket.destroy(), FAREWELL_MS);
  }

  /** The client sends no more. A line that it had finished is answered all the same. */
  #halfClosed(): void {
    if (this.#ended) {
      if (!this.#socket.writableEnded) {
        this.#socket.end();
      }
      return;
    }
    if (!this.#answering) {
      const end = this.#length > 0 ? 'incomplete' : 'nothing_sent';
      // After a line was answered, closing is how a client says good-bye.
      if (end === 'nothing_sent' && this.#lines > 0) {
        this.#ended = true;
        this.#socket.end();
      } else {
        this.refuse(end);
      }
    }
  }

  #fail(end: ConnectionEnd): void {
    if (!this.#ended) {
      this.#ended = true;
      this.#options.ended(end);
    }
    this.#socket.destroy();
  }

  #send(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) {
        reject(new Error('the client is gone'));
        return;
      }
      const stalled = setTimeout(() => this.#fail('stalled'), this.#options.sendMs ?? DAEMON_SEND_MS);
      const gone = () => settle(new Error('the client is gone'));
      const settle = (error?: Error | null) => {
        clearTimeout(stalled);
        this.#socket.off('close', gone);
        if (error) {
          reject(error);
        } else {
          resolve();
        }
      };
      this.#socket.once('close', gone);
      this.#socket.write(bytes, (error) => settle(error));
    });
  }
}

const FAREWELL_MS = 250;
