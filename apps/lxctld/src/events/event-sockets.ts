import type { WebSocket } from 'ws';
import { LxError, type WireEvent } from '#lib/contract';
import type { EventHub } from '#lib/engine';
import type { UpgradeHandler } from '../rim/upgrades.ts';

const types = ['operation', 'lifecycle', 'logging'] as const;

/** Largest backlog of a listener in bytes. A listener that exceeds it is disconnected, to limit the daemon's memory. */
const backlogLimit = 4 * 1024 * 1024;

interface Listener {
  socket: WebSocket;
  types: ReadonlySet<string>;
  /** null for events of all projects. */
  project: string | null;
}

/** The listeners of /1.0/events. Each event is serialised once for all of them. */
export class EventSockets {
  readonly #listeners = new Set<Listener>();
  readonly #hub: EventHub;
  #unsubscribe: (() => void) | null = null;

  constructor(hub: EventHub) {
    this.#hub = hub;
  }

  readonly accept: UpgradeHandler = (call) => {
    const project = call.projects;
    const wanted = wantedTypes(call.parameter('type'));
    return (socket) => {
      const listener = { socket, types: wanted, project };
      this.#listeners.add(listener);
      this.#unsubscribe ??= this.#hub.subscribe((event) => this.#tell(event));
      socket.once('close', () => this.#remove(listener));
    };
  };

  #tell(event: WireEvent): void {
    let text: string | null = null;
    for (const { socket, types: wanted, project } of this.#listeners) {
      if (!wanted.has(event.type) || (project !== null && event.project !== '' && event.project !== project)) continue;
      if (socket.bufferedAmount > backlogLimit) {
        socket.terminate();
        continue;
      }
      text ??= JSON.stringify(event);
      socket.send(text);
    }
  }

  #remove(listener: Listener): void {
    this.#listeners.delete(listener);
    if (this.#listeners.size > 0) return;
    this.#unsubscribe?.();
    this.#unsubscribe = null;
  }
}

function wantedTypes(text: string): ReadonlySet<string> {
  if (text === '') return new Set(types);
  const wanted = text.split(',').map((type) => type.trim());
  const unknown = wanted.filter((type) => !types.some((known) => known === type));
  if (unknown.length > 0)
    throw new LxError('request.invalid', { problems: unknown.map((type) => `"${type}" isn't a supported event type`) });
  return new Set(wanted);
}
