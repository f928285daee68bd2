import type { WireControl } from '#lib/contract';
import type { WebSocket } from 'ws';

export interface ControlActions {
  resize(columns: number, rows: number): void;
  signal(signal: number): void;
  /** The client is gone. */
  lost(): void;
}

/** Obeys the text frames of a control socket. What cannot be read is ignored: the session itself is worth more. */
export function obey(socket: WebSocket, actions: ControlActions): void {
  // ws hands text over as one Buffer (its binaryType is nodebuffer unless set).
  socket.on('message', (data: Buffer) => {
    const message = parse(data.toString('utf8'));
    if (message?.command === 'window-resize') {
      const columns = Number(message.args?.width);
      const rows = Number(message.args?.height);
      if (isSize(columns) && isSize(rows)) actions.resize(columns, rows);
    } else if (message?.command === 'signal' && Number.isInteger(message.signal) && message.signal > 0 && message.signal <= 64) {
      actions.signal(message.signal);
    }
  });
  if (socket.readyState === socket.CLOSED) actions.lost();
  else socket.on('close', () => actions.lost());
  socket.resume();
}

function parse(text: string): WireControl | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as WireControl) : null;
  } catch {
    return null;
  }
}

/** unsigned short in struct winsize (ioctl_tty(2)). */
function isSize(value: number): boolean {
  return Number.isInteger(value) && value > 0 && value <= 65_535;
}
