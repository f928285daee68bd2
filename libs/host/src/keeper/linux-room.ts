import { Deferred } from '#lib/base';
import { isErrno } from '../errno.ts';
import { closeFd } from '../native.ts';
import type { FileRoom, FileSession } from '../ports.ts';
import type { Conversation } from './conversation.ts';
import { type Deadlines, within } from './deadline.ts';
import { fileSession } from './file-session.ts';
import { messageType } from './protocol.ts';

const who = 'the room of files';

interface RoomOptions {
  deadlines: Deadlines;
  /** Has what may be left of the room killed, and resolves when nothing is; rejects when something stays. */
  confirmEnd: () => Promise<void>;
}

/** One room at the other end of a connection, which ends with that. */
export class LinuxRoom implements FileRoom {
  readonly #conversation: Conversation;
  readonly #options: RoomOptions;
  readonly #ended = new Deferred<void>();
  #ending: Promise<void> | null = null;

  constructor(conversation: Conversation, options: RoomOptions) {
    this.#conversation = conversation;
    this.#options = options;
    // It was killed: what it had started dies with it, and that is waited for.
    conversation.onGone = () => void this.end().catch(() => undefined);
  }

  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  async files(): Promise<FileSession> {
    const asked = this.#conversation.ask(messageType.files);
    try {
      return fileSession(this.#conversation, await within(this.#options.deadlines.answer, who, asked));
    } catch (error) {
      // A server that comes after that has no client.
      if (isErrno(error, 'ETIMEDOUT')) asked.then((reply) => reply.fds.forEach(closeFd)).catch(() => undefined);
      throw error;
    }
  }

  /** One that did not end may be asked again. */
  end(): Promise<void> {
    this.#ending ??= this.#end().catch((error: unknown) => {
      this.#ending = null;
      throw error;
    });
    return this.#ending;
  }

  async #end(): Promise<void> {
    this.#conversation.onGone = null;
    try {
      await within(this.#options.deadlines.kill, who, this.#conversation.ask(messageType.kill));
    } catch (error) {
      if (!isErrno(error, 'ETIMEDOUT', 'ECONNRESET', 'EPIPE')) throw error;
      await this.#options.confirmEnd();
    }
    this.#conversation.close();
    this.#ended.resolve();
  }
}
