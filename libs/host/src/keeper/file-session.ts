import type { FileSession } from '../ports.ts';
import { ByteWriter } from './bytes.ts';
import type { Conversation, Reply } from './conversation.ts';
import { messageType } from './protocol.ts';

/** The answer to FILES. */
export function fileSession(conversation: Conversation, { answer, fds }: Reply): FileSession {
  const [fd] = fds;
  if (answer.type !== 'filesOpen' || fd === undefined) throw new Error(`the keeper answered ${answer.type} to files`);
  const kill = (): void => {
    // What is gone needs no end.
    conversation.ask(messageType.filesEnd, new ByteWriter().u32(answer.server).done()).catch(() => undefined);
  };
  return { fd, kill };
}
