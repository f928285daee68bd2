import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { Scope, type WireEvent } from '#lib/contract';
import type { EventHub } from '#lib/engine';
import { RequestCall } from '../rim/call.ts';
import { unixCaller } from '../rim/caller.ts';
import { EventSockets } from './event-sockets.ts';

class Socket extends EventEmitter {
  bufferedAmount = 0;
  readonly sent: string[] = [];
  ended = false;
  send(text: string): void {
    this.sent.push(text);
  }
  terminate(): void {
    this.ended = true;
    this.emit('close');
  }
}

const call = new RequestCall({ caller: unixCaller(0), url: '/1.0/events', query: {}, headers: {}, scope: new Scope('default', []) });

function setup() {
  const listeners = new Set<(event: WireEvent) => void>();
  const hub = {
    subscribe: (listener: (event: WireEvent) => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  } as unknown as EventHub;
  const sockets = new EventSockets(hub);
  const join = () => {
    const socket = new Socket();
    sockets.accept(call, [])(socket as unknown as WebSocket);
    return socket;
  };
  const emit = () => {
    for (const listener of listeners) listener({ type: 'lifecycle', timestamp: '', metadata: {}, location: 'none', project: 'default' });
  };
  return { listeners, join, emit };
}

describe('EventSockets', () => {
  it('drops a listener that stalls, and only that one', () => {
    const { join, emit } = setup();
    const [slow, quick] = [join(), join()];
    slow.bufferedAmount = 5 * 1024 * 1024;
    emit();
    expect(slow).toMatchObject({ ended: true, sent: [] });
    expect(quick.sent).toHaveLength(1);
  });

  it('listens to the engine only while somebody listens to it', () => {
    const { listeners, join } = setup();
    expect(listeners.size).toBe(0);
    const [first, second] = [join(), join()];
    expect(listeners.size).toBe(1);
    first.terminate();
    second.terminate();
    expect(listeners.size).toBe(0);
  });
});
