import { linkWatch, RouteSocket } from '../native.ts';
import type { AddressInfo, LinkInfo, RouteInfo } from '../native.ts';
import type { Links } from '../ports.ts';

/** Links of the network namespace this process lives in, over one rtnetlink socket. */
export class LinuxLinks implements Links {
  readonly #socket: RouteSocket;

  constructor(socket: RouteSocket = new RouteSocket()) {
    this.#socket = socket;
  }

  list(): Promise<LinkInfo[]> {
    return this.#socket.links();
  }

  addresses(): Promise<AddressInfo[]> {
    return this.#socket.addresses();
  }

  routes(): Promise<RouteInfo[]> {
    return this.#socket.routes();
  }

  createBridge(name: string, options?: { mac?: string; mtu?: number }): Promise<void> {
    return this.#socket.createBridge(name, options);
  }

  setLink(name: string, change: Parameters<Links['setLink']>[1]): Promise<void> {
    return this.#socket.setLink(name, change);
  }

  deleteLink(name: string): Promise<void> {
    return this.#socket.deleteLink(name);
  }

  addAddress(link: string, cidr: string): Promise<void> {
    return this.#socket.addAddress(link, cidr);
  }

  deleteAddress(link: string, cidr: string): Promise<void> {
    return this.#socket.deleteAddress(link, cidr);
  }

  watch(onDeleted: (names: readonly string[] | null) => void): () => void {
    const watch = linkWatch(onDeleted);
    return () => watch.close();
  }

  close(): void {
    this.#socket.close();
  }
}
